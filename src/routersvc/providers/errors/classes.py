"""Maps a vendor's error to a failure class.

Vendors agree on little: an exhausted quota comes as 400, 402, 403 or 429, an unknown model as 400,
404 or 410, an overload as 429, 498, 503 or 529. The first match decides, in this order: the
vendor's own codes, anybody's codes with one meaning, phrases with one meaning (each with the
statuses it came with), broad codes, the status. Tested against recorded and documented errors.
Phrases decide the next step of the request alone: a failure that was told by its words disables
nothing.

A response without the vendor's JSON is a page: a gateway between router and vendor sent it. A page
says nothing about credential, model or request, whatever its status and text are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.outcomes.failure_rules import RULES, Disables, FailureClass
from routersvc.domain.outcomes.failures import Evidence, Failure
from routersvc.providers.errors.envelopes import report_in
from routersvc.providers.errors.rate_limit_headers import headroom, retry_after
from routersvc.providers.errors.retry_hints import wait_in
from routersvc.providers.errors.tables import (
    BROAD_CODES,
    DECISIVE_CODES,
    PHRASES,
    PROOF_CODES,
    PROOF_PHRASES,
    REQUEST_PHRASES,
    SPECIFIC_CODES,
    STATUSES,
)
from routersvc.providers.errors.vendor_codes import code_in, parameter_in, place_of_error
from routersvc.providers.errors.vendor_errors import NO_VENDOR_ERRORS, VendorErrors
from routersvc.providers.errors.words import (
    ErrorWords,
    code_of_header,
    json_of_error,
    text_of_page,
    words_of,
)
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.wire_format import ResponseHead

_DECIDED_BY_STATUS = frozenset({401, 402})
"""Statuses that no vendor uses for anything else."""

_MAY_REFUSE_PROOFS = frozenset({None, 400, 422})
"""Statuses with which a signature or an encrypted thought is refused."""

_MEANINGS_OF_PAGES = frozenset(
    {FailureClass.SERVER_ERROR, FailureClass.OVERLOADED, FailureClass.RATE_LIMITED}
)
"""The failure classes that a gateway's page can mean."""

_FIRST_SERVER_ERROR = 500
_SHED = "x-envoy-overloaded"

_SENTENCES: Mapping[FailureClass, str] = MappingProxyType(
    {
        FailureClass.SERVER_ERROR: "the provider failed",
        FailureClass.OVERLOADED: "the provider is overloaded",
        FailureClass.RATE_LIMITED: "the provider's rate limit is reached",
        FailureClass.QUOTA_EXHAUSTED: "the credential's quota or credit is exhausted",
        FailureClass.AUTHENTICATION: "the provider refused the credential",
        FailureClass.PERMISSION: "the credential lacks the permission",
        FailureClass.MODEL_NOT_FOUND: "the provider does not offer the model",
        FailureClass.INVALID_REQUEST: "the provider refused the request as invalid",
        FailureClass.CAPABILITY_MISMATCH: "the model lacks a capability that the request needs",
        FailureClass.CONTEXT_LENGTH: "prompt and answer exceed the model's context window",
        FailureClass.CONTENT_FILTERED: "the provider's content filter refused the request",
        FailureClass.BAD_ANSWER: "the model's answer is not in the requested format",
    }
)

_PROOF_REFUSED = "the provider refused the proof of a thought in the conversation, or missed one"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The class of an error, and how far it proves that credential or model are out of use."""

    failure_class: FailureClass
    evidence: Evidence = Evidence.STATUS
    proof_refused: bool = False


def failure_of_response(
    head: ResponseHead, body: bytes, own: VendorErrors = NO_VENDOR_ERRORS
) -> Failure:
    """Return the failure that a response without success means; `own` are the vendor's errors."""
    header_codes = code_of_header(head.headers)
    is_html = "html" in head.content_type or body.lstrip()[:1] == b"<"
    value = None if is_html else json_of_error(body)
    words = words_of(value if value is not None else "" if is_html else text_of_page(body))
    if value is None and not header_codes:
        verdict = Verdict(failure_class=_class_of_page(words, head), evidence=Evidence.WORDS)
        failure = _failure(words, head, verdict, f"HTTP {head.status}, a gateway's page")
        # A firewall's page is about one request: one caller's pages must not open the breaker.
        return dataclasses.replace(failure, rate_only=head.status < _FIRST_SERVER_ERROR)
    words = dataclasses.replace(
        words, codes=words.codes | header_codes, own_codes=words.own_codes | header_codes
    )
    code = code_in(value, status=head.status) or min(header_codes, default="")
    where = place_of_error(f"HTTP {head.status}", code, parameter_in(value))
    return _failure(words, head, classify(words, head.status, own), where)


def failure_of_event(
    event: JsonObject, head: ResponseHead, own: VendorErrors = NO_VENDOR_ERRORS
) -> Failure:
    """Return the failure that an error inside a successful response means."""
    words = words_of(event)
    code = code_in(event, status=words.status)
    where = place_of_error("an error inside the answer", code, parameter_in(event))
    return _failure(words, head, classify(words, words.status, own), where)


def failure_beside(
    data: bytes, head: ResponseHead, own: VendorErrors = NO_VENDOR_ERRORS
) -> Failure | None:
    """Return the failure that stands beside the events of a stream; `None` where none does."""
    report = report_in(data)
    return None if report is None else failure_of_event(report, head, own)


def classify(
    words: ErrorWords, status: int | None, own: VendorErrors = NO_VENDOR_ERRORS
) -> Verdict:
    """Return the class of an error; `status` is `None` for errors without an HTTP status."""
    if status in _DECIDED_BY_STATUS:
        is_proved = bool(words.own_codes & (DECISIVE_CODES | own.decisive_codes))
        return Verdict(
            failure_class=STATUSES[status],
            evidence=Evidence.VENDOR_CODE if is_proved else Evidence.STATUS,
        )
    if _refuses_proof(words, status):
        return Verdict(
            failure_class=FailureClass.CAPABILITY_MISMATCH,
            evidence=Evidence.WORDS,
            proof_refused=True,
        )
    for failure_class, codes in (*own.codes.items(), *SPECIFIC_CODES.items()):
        if words.codes & codes:
            return _verdict_of_code(failure_class, words, codes, own)
    for failure_class, statuses, phrases in PHRASES:
        if (status is None or status in statuses) and phrases.search(words.text):
            return Verdict(failure_class=failure_class, evidence=Evidence.WORDS)
    if status is None or status == 429:  # noqa: PLR2004 - the rate limit's status
        for failure_class, codes in BROAD_CODES.items():
            if words.codes & codes:
                return Verdict(failure_class=failure_class)
    return Verdict(failure_class=_class_of_status(status))


def _verdict_of_code(
    failure_class: FailureClass, words: ErrorWords, codes: frozenset[str], own: VendorErrors
) -> Verdict:
    """Return the verdict of codes with one meaning, by the place in which they stand."""
    in_place = words.own_codes & codes
    if in_place & (DECISIVE_CODES | own.decisive_codes):
        evidence = Evidence.VENDOR_CODE
    else:
        evidence = Evidence.STATUS if in_place else Evidence.WORDS
    return Verdict(failure_class=failure_class, evidence=evidence)


def _refuses_proof(words: ErrorWords, status: int | None) -> bool:
    if words.codes & PROOF_CODES:
        return True
    return status in _MAY_REFUSE_PROOFS and PROOF_PHRASES.search(words.text) is not None


def _class_of_status(status: int | None) -> FailureClass:
    if status is None:
        return FailureClass.SERVER_ERROR
    known = STATUSES.get(status)
    if known is not None:
        return known
    is_refusal = 400 <= status < 500  # noqa: PLR2004 - HTTP's client errors
    return FailureClass.INVALID_REQUEST if is_refusal else FailureClass.SERVER_ERROR


def _class_of_page(words: ErrorWords, head: ResponseHead) -> FailureClass:
    """Return what a gateway's page means. Envoy marks what it sheds with a header."""
    status = head.status
    if status >= _FIRST_SERVER_ERROR and _SHED in head.headers:
        return FailureClass.OVERLOADED
    for failure_class, statuses, phrases in PHRASES:
        if (
            failure_class in _MEANINGS_OF_PAGES
            and status in statuses
            and phrases.search(words.text)
        ):
            return failure_class
    known = STATUSES.get(status)
    return known if known in _MEANINGS_OF_PAGES else FailureClass.SERVER_ERROR


def _failure(words: ErrorWords, head: ResponseHead, verdict: Verdict, where: str) -> Failure:
    failure_class = verdict.failure_class
    sentence = _PROOF_REFUSED if verdict.proof_refused else _SENTENCES[failure_class]
    wait = retry_after(head.headers, now=head.received_at)
    if wait is None and RULES[failure_class].may_name_wait:
        wait = wait_in(words.text)
    return Failure(
        failure_class=failure_class,
        message=f"{sentence} ({where})",
        http_status=head.status,
        retry_after=wait,
        headroom=headroom(head.headers, now=head.received_at),
        evidence=_evidence_of(verdict, words),
        proof_refused=verdict.proof_refused,
    )


def _evidence_of(verdict: Verdict, words: ErrorWords) -> Evidence:
    """Return the evidence of a verdict; sentences can only take some away."""
    disables = RULES[verdict.failure_class].disables is not Disables.NOTHING
    if disables and REQUEST_PHRASES.search(words.text):
        return Evidence.WORDS
    return verdict.evidence
