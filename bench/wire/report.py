"""Writes the results as two tables, followed by everything that did not pass."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bench.wire.contract_bodies import Said, beyond
from bench.wire.corpus import Row
from bench.wire.outcomes import Outcome, Verdict
from bench.wire.round_trips import BEYOND, UNJUDGED, VALID
from routersvc.app.replays.adapters import NOT_CALLED

_SKIPPED = {Verdict.NOT_CALLED, Verdict.NO_BODY}
_UNSOUND = {Verdict.FAILED, Verdict.NO_ADAPTER, Verdict.NO_READING}


def report(
    answers: Mapping[Row, Outcome],
    errors: Mapping[str, Outcome],
    requests: Mapping[Row, Outcome],
    contract: Sequence[Said],
) -> Iterator[str]:
    """Yield the lines of the report, in Markdown."""
    yield "# Recorded traffic"
    yield ""
    yield "What the adapters make of recorded exchanges with the vendors;"
    yield "`python -m bench.wire --write` writes this page. An answer has passed when everything"
    yield "that the contract carries equals an independent reading of the same bytes, as a stream"
    yield "and as a whole answer: text, thoughts, refusal, tool calls with their ids, media with"
    yield "transcripts, the order of the parts, signatures and encrypted blocks, log probabilities,"
    yield "finish reason and stop sequence, all token counts, model and id of the answer. The"
    yield "readers share no code with the adapters, and nothing is added to what was recorded."
    yield ""
    yield from _totals(answers, errors)
    yield ""
    yield "## Answers"
    yield ""
    yield from _answers(answers)
    yield ""
    yield "Read by: " + ", ".join(
        f"{judge} {count}" for judge, count in sorted(_judges(answers.values()).items())
    )
    yield ""
    yield from _named("Taken for failures, rightly", _rightly_failed(answers))
    yield from _named(
        "Not passed",
        ((row.file, outcome) for row, outcome in answers.items() if outcome.verdict in _UNSOUND),
    )
    yield from _named(
        "Records at fault",
        (
            (row.file, outcome)
            for row, outcome in answers.items()
            if outcome.verdict is Verdict.AT_FAULT
        ),
    )
    yield from _named(
        "Without a body",
        (
            (row.file, outcome)
            for row, outcome in answers.items()
            if outcome.verdict is Verdict.NO_BODY
        ),
    )
    yield from _not_called(answers)
    yield "## Errors"
    yield ""
    yield from _errors(errors)
    yield ""
    yield from _named(
        "Labels that are not followed",
        ((file, one) for file, one in errors.items() if one.judge == "objection"),
    )
    yield from _named(
        "Errors not passed",
        ((file, one) for file, one in errors.items() if one.verdict in _UNSOUND),
    )
    yield from _named(
        "Errors of APIs that are not called",
        ((file, one) for file, one in errors.items() if one.verdict in _SKIPPED),
    )
    yield "## Requests"
    yield ""
    yield from _requests(requests)
    yield "## The contract"
    yield ""
    yield from _contract(contract)


def unsound(outcomes: Iterable[Outcome]) -> int:
    """Return how many exchanges did not pass that should have."""
    return sum(outcome.verdict in _UNSOUND for outcome in outcomes)


def _totals(answers: Mapping[Row, Outcome], errors: Mapping[str, Outcome]) -> Iterator[str]:
    for what, outcomes in (("answers", answers.values()), ("errors", errors.values())):
        found = collections.Counter(outcome.verdict for outcome in outcomes)
        called = sum(count for verdict, count in found.items() if verdict not in _SKIPPED)
        yield (
            f"- {what}: {found.total()} recorded, of which {found[Verdict.NOT_CALLED]} of APIs "
            f"that the router does not call and {found[Verdict.NO_BODY]} without a body; "
            f"{found[Verdict.PASSED]} of the other {called} passed"
        )


def _answers(answers: Mapping[Row, Outcome]) -> Iterator[str]:
    by_place: dict[tuple[str, str, str], list[Verdict]] = collections.defaultdict(list)
    for row, outcome in answers.items():
        if outcome.verdict not in _SKIPPED:
            by_place[row.provider, row.api, row.kind].append(outcome.verdict)
    yield "| provider | API | kind | recorded | passed |"
    yield "|---|---|---|--:|--:|"
    for (provider, api, kind), verdicts in sorted(by_place.items()):
        passed = verdicts.count(Verdict.PASSED)
        mark = "" if passed == len(verdicts) else " !"
        yield f"| {provider} | {api} | {kind} | {len(verdicts)} | {passed}{mark} |"


def _errors(errors: Mapping[str, Outcome]) -> Iterator[str]:
    by_provider: dict[str, list[Outcome]] = collections.defaultdict(list)
    for file, outcome in errors.items():
        if outcome.verdict not in _SKIPPED:
            by_provider[file.removeprefix("errors/").partition("/")[0]].append(outcome)
    yield "| provider | labelled | as labelled | objections written | not passed |"
    yield "|---|--:|--:|--:|--:|"
    for provider, outcomes in sorted(by_provider.items()):
        against = sum(outcome.judge == "objection" for outcome in outcomes)
        failed = unsound(outcomes)
        followed = len(outcomes) - against - failed
        yield f"| {provider} | {len(outcomes)} | {followed} | {against} | {failed} |"


def _requests(requests: Mapping[Row, Outcome]) -> Iterator[str]:
    yield "Recorded requests in the contract's words, written again by the adapter of their"
    yield "provider, and compared with what was recorded. `valid`: of those, how many the vendor's"
    yield "published schema or SDK takes; where the schema does not take what was recorded either,"
    yield "although the vendor did, it counts as `beyond`."
    yield ""
    with_body = [one for one in requests.values() if one.verdict is not Verdict.NO_BODY]
    same = sum(one.verdict is Verdict.PASSED for one in with_body)
    share = f", {same / len(with_body):.1%}" if with_body else ""
    yield f"The same again: {same} of the {len(with_body)} with a body{share}."
    yield ""
    yield (
        "| API | recorded | the same again | valid | beyond | no schema "
        "| not expressible | without a body |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for api in sorted({row.api for row in requests}):
        found = collections.Counter(
            outcome.verdict for row, outcome in requests.items() if row.api == api
        )
        judged = collections.Counter(
            outcome.judge
            for row, outcome in requests.items()
            if row.api == api and outcome.verdict is Verdict.PASSED
        )
        yield (
            f"| {api} | {found.total()} | {found[Verdict.PASSED]} | {judged[VALID]} "
            f"| {judged[BEYOND]} | {judged[UNJUDGED]} | {found[Verdict.AT_FAULT]} "
            f"| {found[Verdict.NO_BODY]} |"
        )
    yield ""
    why = collections.Counter(
        (row.api, outcome.reason)
        for row, outcome in requests.items()
        if outcome.verdict is Verdict.AT_FAULT
    )
    if why:
        yield "### Not the same: not expressible"
        yield ""
        for (api, reason), count in sorted(why.items(), key=lambda one: (-one[1], one[0])):
            yield f"- {count} × {api}, {reason}"
        yield ""
    yield from _named(
        "Not the same: different",
        ((row.file, one) for row, one in requests.items() if one.verdict in _UNSOUND),
    )


def _contract(contract: Sequence[Said]) -> Iterator[str]:
    yield "Every dialect is asked for each capability of the contract, and for conversations with"
    yield "tools. `as declared`: it says what it declares, and refuses everything else by name."
    yield ""
    yield "| adapter | capabilities | as declared | bodies | valid | judged by |"
    yield "|---|--:|---|--:|--:|---|"
    for said in contract:
        valid = str(said.bodies - len(said.faults) - said.beyond) if said.judges else "-"
        judges = (
            ", ".join(f"`{judge}`" for judge in said.judges) or "nobody publishes what it takes"
        )
        declared = "no !" if said.not_as_declared else "yes"
        yield (
            f"| {said.adapter} | {said.capabilities} | {declared} | {said.bodies} | {valid} "
            f"| {judges} |"
        )
    yield ""
    wrong = [
        f"- `{said.adapter}`: {one}"
        for said in contract
        for one in (*said.faults, *(f"{name} is not as declared" for name in said.not_as_declared))
    ]
    if wrong:
        yield "### Not valid"
        yield ""
        yield from wrong
        yield ""
    yield "### Valid for the vendor, not for its schema"
    yield ""
    yield from (f"- {one}" for one in beyond())


def _judges(outcomes: Iterable[Outcome]) -> collections.Counter[str]:
    return collections.Counter(o.judge for o in outcomes if o.verdict is Verdict.PASSED)


def _rightly_failed(answers: Mapping[Row, Outcome]) -> Iterator[tuple[str, Outcome]]:
    for row, outcome in answers.items():
        if outcome.verdict is Verdict.PASSED and outcome.judge == "by hand":
            yield row.file, outcome


def _not_called(answers: Mapping[Row, Outcome]) -> Iterator[str]:
    counts = collections.Counter(
        row.api for row, outcome in answers.items() if outcome.verdict is Verdict.NOT_CALLED
    )
    if counts:
        yield "### APIs that the router does not call"
        yield ""
        for api, count in sorted(counts.items()):
            yield f"- `{api}` ({count}): {NOT_CALLED[api]}"
        yield ""


def _named(title: str, outcomes: Iterable[tuple[str, Outcome]]) -> Iterator[str]:
    lines = [f"- `{file}`: {outcome.reason}" for file, outcome in sorted(outcomes)]
    if lines:
        yield f"### {title}"
        yield ""
        yield from lines
        yield ""
