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
from routersvc.domain.conversation.parts import CacheLifetime, ImageDetail, ImagePart, Modality
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
from routersvc.domain.profiling.prompt_reading import parts_of, read, texts_of
from routersvc.domain.profiling.rule_classifier import RuleClassifier
from routersvc.domain.profiling.token_counting import TokenCounter, refining
from routersvc.domain.profiling.token_estimates import TokenEstimate, estimate_of


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Facts about a request that routing depends on.

    `complexity` runs from 0 (trivial) to 1 (hardest). `input_tokens` is an estimate unless
    `input_tokens_exact`; `input_bounds` are its bounds. `cache_lifetime` is the longest for which a
    part is marked for the prompt cache. `classification` and `findings` are
    the evidence for task, complexity and data classes, beside what the caller stated.
    """

    task: Task
    complexity: float
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


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ProfileEvidence:
    """The evidence for one finding of a profile. Never quotes the prompt."""

    finding: str
    description: str
    weight: float | None = None


TOKENS_PER_MESSAGE = 4
"""Tokens of role and separators around a message in the chat formats."""

IMAGE_TOKENS = TokenEstimate(low=85, likely=765, high=1600)
"""A picture: by OpenAI's published rule 85 in low detail, 765 at 1024 × 1024 in high detail; about
1,600 for the largest that Anthropic takes without scaling it down."""

_TEXTS_IN_STEP = 64
"""Texts whose tokens are estimated in one step."""

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

    def profiling(self, request: Request) -> Steps[Profile]:
        """Return the profile of a request. Reads the prompt once, in steps if it is long."""
        prompt = request.prompt
        routing = request.routing
        texts = tuple(texts_of(prompt))
        tokens = _frames(prompt)
        for place, text in enumerate(texts):
            tokens += estimate_of(text)
            if place % _TEXTS_IN_STEP == _TEXTS_IN_STEP - 1:
                yield
        yield
        reading = read(
            prompt,
            length=sum(map(len, texts)),
            input_tokens=tokens.likely,
            stated_task=routing.task,
        )
        yield
        found = self.classifier.classify(reading)
        yield
        findings: tuple[IdentifierFinding, ...] = ()
        if self.detector is not None:
            findings = yield from self.detector.detecting(_sent_texts(prompt, texts))
        modalities = reading.modalities
        capabilities = required_capabilities(request, modalities)
        return Profile(
            task=found.task if routing.task is None else routing.task,
            complexity=found.complexity if routing.complexity is None else routing.complexity,
            input_tokens=tokens.likely,
            input_tokens_exact=False,
            input_bounds=tokens,
            output_tokens=prompt.sampling.max_output_tokens
            or routing.expected_output_tokens
            or DEFAULT_OUTPUT_TOKENS,
            modalities=modalities,
            capabilities=capabilities,
            data_classes=routing.constraints.data_classes
            | data_classes_of(findings, self.data_class_rules),
            priority=routing.priority,
            service_tier=prompt.service_tier,
            cache_lifetime=_cache_lifetime(prompt)
            if Capability.PROMPT_CACHE in capabilities
            else None,
            classification=found,
            findings=findings,
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
        frames = _frames(request.prompt)
        texts = tuple(texts_of(request.prompt))
        tokens, counted = yield from refining(
            texts,
            sum(map(estimate_of, texts), TokenEstimate()),
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


def _cache_lifetime(prompt: Prompt) -> CacheLifetime:
    lasting = any(part.cache is CacheLifetime.LONG for part in parts_of(prompt))
    return CacheLifetime.LONG if lasting else CacheLifetime.DEFAULT


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


def _classification_evidence(profile: Profile, routing: Routing) -> Iterator[ProfileEvidence]:
    found = profile.classification
    for finding, stated, signals in (
        ("task", routing.task, () if found is None else found.task_signals),
        ("complexity", routing.complexity, () if found is None else found.complexity_signals),
    ):
        if stated is not None:
            yield ProfileEvidence(finding=finding, description="stated by the caller")
            continue
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


def _frames(prompt: Prompt) -> TokenEstimate:
    """Return the tokens of a prompt beside its texts, without audio and binary documents."""
    tokens = TokenEstimate.exactly(TOKENS_PER_MESSAGE * len(prompt.messages))
    for part in parts_of(prompt):
        if isinstance(part, ImagePart):
            low_detail = part.detail is ImageDetail.LOW
            tokens += TokenEstimate.exactly(IMAGE_TOKENS.low) if low_detail else IMAGE_TOKENS
    return tokens


def _sent_texts(prompt: Prompt, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return every text that a provider would receive, also those that the model does not read."""
    return (*texts, prompt.predicted_output, prompt.end_user_id)
