"""Profiles of requests: task, complexity, size, required capabilities and data classes.

What the caller states overrides what is found, except for data classes, where findings are added.
Everything is computed in this process, and no finding quotes the prompt.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.conversation.parts import CacheLifetime, Modality
from routersvc.domain.conversation.prompts import Prompt, ServiceTier
from routersvc.domain.conversation.steps import Steps, finished
from routersvc.domain.profiling.capability_needs import required_capabilities
from routersvc.domain.profiling.classifiers import Classification, Classifier
from routersvc.domain.profiling.identifiers import (
    DataClassRule,
    IdentifierDetector,
    IdentifierFinding,
    data_classes_of,
)
from routersvc.domain.profiling.prompt_contents import PromptContents, contents_of
from routersvc.domain.profiling.prompt_reading import read
from routersvc.domain.profiling.rule_classifier import RuleClassifier
from routersvc.domain.profiling.token_counting import TokenCounter, refining
from routersvc.domain.profiling.token_estimates import TokenEstimate, estimating
from routersvc.domain.values import Value


class Profile(Value, frozen=True, kw_only=True):
    """Facts about a request that routing depends on.

    `complexity` runs from 0 (trivial) to 1 (hardest); it and `task` are `None` where nothing asked
    for them and the caller does not state them. `input_tokens` is an estimate unless
    `input_tokens_exact`; `input_bounds` are its bounds. `cache_lifetime` is the longest for which a
    part is marked for the prompt cache. `classification` and `findings` are
    the evidence for task, complexity and data classes, beside what the caller stated.
    """

    task: Task | None
    complexity: float | None
    input_tokens: int
    input_tokens_exact: bool
    input_bounds: TokenEstimate
    output_tokens: int
    modalities: frozenset[Modality]
    capabilities: frozenset[Capability]
    data_classes: frozenset[str]
    priority: Priority
    service_tier: ServiceTier | None = None
    cache_lifetime: CacheLifetime | None = None
    classification: Classification | None = None
    findings: tuple[IdentifierFinding, ...] = ()
    evidence: tuple[ProfileEvidence, ...] = ()

    @property
    def kind(self) -> tuple[Task, float]:
        """Task and complexity.

        Raises:
            AssertionError: the profile was made for a route that does not depend on them.
        """
        if self.task is None or self.complexity is None:
            raise AssertionError("a ranking is made for requests that are classified")
        return self.task, self.complexity


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ProfileEvidence:
    """The evidence for one finding of a profile. Never quotes the prompt."""

    finding: str
    description: str
    weight: float | None = None


DEFAULT_OUTPUT_TOKENS = 1024
"""The assumed length of an answer if the request states none."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Profiler:
    """Computes profiles. Without `counter`, tokens are estimated only.

    `data_class_rules` map the findings of `detector` to data classes.
    """

    classifier: Classifier = dataclasses.field(default_factory=RuleClassifier)
    detector: IdentifierDetector | None = None
    data_class_rules: tuple[DataClassRule, ...] = ()
    counter: TokenCounter | None = None

    def profile(self, request: Request) -> Profile:
        """Return what `profiling` does, at once."""
        return finished(self.profiling(request))

    def profiling(self, request: Request, *, classifies: bool = True) -> Steps[Profile]:
        """Return the profile of a request. Reads the prompt once, in steps if it is long.

        Unless it `classifies`, task and complexity are only those that the caller states.
        """
        prompt = request.prompt
        routing = request.routing
        contents = contents_of(prompt)
        texts = contents.texts
        tokens = contents.frames + (yield from estimating(texts))
        task = routing.task
        complexity = routing.complexity
        found: Classification | None = None
        if classifies:
            yield
            found = self._classified(request, contents, tokens)
            task = found.task if task is None else task
            complexity = found.complexity if complexity is None else complexity
        findings: tuple[IdentifierFinding, ...] = ()
        if self.detector is not None:
            yield
            findings = yield from self.detector.detecting(_sent_texts(prompt, texts))
        capabilities = required_capabilities(request, contents)
        return Profile(
            task=task,
            complexity=complexity,
            input_tokens=tokens.likely,
            input_tokens_exact=False,
            input_bounds=tokens,
            output_tokens=prompt.sampling.max_output_tokens
            or routing.expected_output_tokens
            or DEFAULT_OUTPUT_TOKENS,
            modalities=contents.modalities,
            capabilities=capabilities,
            data_classes=routing.constraints.data_classes
            | data_classes_of(findings, self.data_class_rules)
            if findings
            else routing.constraints.data_classes,
            priority=routing.priority,
            service_tier=prompt.service_tier,
            cache_lifetime=contents.cache_lifetime or CacheLifetime.DEFAULT
            if Capability.PROMPT_CACHE in capabilities
            else None,
            classification=found,
            findings=findings,
        )

    def _classified(
        self, request: Request, contents: PromptContents, tokens: TokenEstimate
    ) -> Classification:
        return self.classifier.classify(
            read(
                request.prompt,
                length=sum(map(len, contents.texts)),
                input_tokens=tokens.likely,
                modalities=contents.modalities,
                stated_task=request.routing.task,
            )
        )

    def with_refined_tokens(
        self, request: Request, profile: Profile, is_too_vague: Callable[[TokenEstimate], bool]
    ) -> Profile:
        """Return what `refining_tokens` does, at once."""
        return finished(self.refining_tokens(request, profile, is_too_vague))

    def refining_tokens(
        self, request: Request, profile: Profile, is_too_vague: Callable[[TokenEstimate], bool]
    ) -> Steps[Profile]:
        """Return the profile with its tokens counted, if `is_too_vague` accepts the estimate."""
        if self.counter is None or not is_too_vague(profile.input_bounds):
            return profile
        contents = contents_of(request.prompt)
        frames = contents.frames
        tokens, counted = yield from refining(
            contents.texts,
            (yield from estimating(contents.texts)),
            counter=self.counter,
            is_too_vague=lambda known: is_too_vague(known + frames),
        )
        tokens += frames
        return dataclasses.replace(
            profile,
            input_tokens=tokens.likely,
            input_tokens_exact=counted and tokens.low == tokens.high,
            input_bounds=tokens,
        )


def evidence_of(profile: Profile, request: Request) -> tuple[ProfileEvidence, ...]:
    """Return the evidence for a profile. Computed for explanations only."""
    sampling = request.prompt.sampling
    if sampling.max_output_tokens is not None:
        output = "`max_output_tokens` of the request"
    elif request.routing.expected_output_tokens is not None:
        output = "`expected_output_tokens` of the request"
    else:
        output = "the default: the request states no length of the answer"
    return (
        *_classification_evidence(profile, request.routing),
        *_detection_evidence(profile, request.routing.constraints.data_classes),
        ProfileEvidence(finding="input_tokens", description=_size_words(profile)),
        ProfileEvidence(finding="output_tokens", description=output),
        *(
            ProfileEvidence(finding="capability", description=f"the request needs `{name}`")
            for name in sorted(capability.value for capability in profile.capabilities)
        ),
    )


def _size_words(profile: Profile) -> str:
    if profile.input_tokens_exact:
        return "counted with the vocabulary o200k_base"
    bounds = profile.input_bounds
    return (
        f"estimated from size and writing systems of the text; between {bounds.low:,} and "
        f"{bounds.high:,} tokens of the vocabulary o200k_base"
    )


_NOT_CLASSIFIED = "not determined: neither a rule nor the order of the deployments depends on it"


def _classification_evidence(profile: Profile, routing: Routing) -> Iterator[ProfileEvidence]:
    found = profile.classification
    for finding, stated, signals in (
        ("task", routing.task, () if found is None else found.task_signals),
        ("complexity", routing.complexity, () if found is None else found.complexity_signals),
    ):
        if stated is not None:
            yield ProfileEvidence(finding=finding, description="stated by the caller")
            continue
        if found is None:
            yield ProfileEvidence(finding=finding, description=_NOT_CLASSIFIED)
        for signal in signals:
            yield ProfileEvidence(
                finding=finding, description=signal.description, weight=signal.weight
            )


def _detection_evidence(profile: Profile, stated: frozenset[str]) -> Iterator[ProfileEvidence]:
    for found in profile.findings:
        yield ProfileEvidence(
            finding="identifier",
            description=f"the prompt contains `{found.kind.value}`",
            weight=float(found.count),
        )
    for name in sorted(profile.data_classes):
        source = "stated by the caller" if name in stated else "implied by the identifiers found"
        yield ProfileEvidence(finding="data_class", description=f"`{name}`, {source}")


def _sent_texts(prompt: Prompt, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return every text that a provider would receive, also those that the model does not read."""
    return (*texts, prompt.predicted_output, prompt.end_user_id)
