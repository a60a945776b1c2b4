"""A caller's words in an error decide about its own request alone."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.outcomes.failure_rules import Disables, FailureClass
from routersvc.domain.outcomes.failures import Evidence, Failure
from routersvc.providers.errors.classes import failure_of_event, failure_of_response
from routersvc.providers.errors.tables import DECISIVE_CODES
from routersvc.providers.errors.vendor_errors import NO_VENDOR_ERRORS, VendorErrors
from routersvc.providers.formats.openai_chat.maker_errors import (
    ALIBABA,
    MINIMAX,
    MOONSHOT,
    VOLCENGINE,
    ZAI,
)
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.wire_format import ResponseHead


def failure(status: int, body: object, own: VendorErrors = NO_VENDOR_ERRORS) -> Failure:
    """Return what a response means at a vendor, or an error inside of an answer (status 200)."""
    head = ResponseHead(
        status=status, headers={"content-type": "application/json"}, received_at=1_790_000_000.0
    )
    if status == INSIDE and isinstance(body, dict):
        return failure_of_event(cast("JsonObject", body), head, own)
    return failure_of_response(head, json.dumps(body).encode(), own)


INSIDE = 200
OWN = st.sampled_from([NO_VENDOR_ERRORS, ALIBABA, MINIMAX, MOONSHOT, VOLCENGINE, ZAI])
VENDORS_CODES = sorted(
    DECISIVE_CODES | ALIBABA.decisive_codes | MINIMAX.decisive_codes | VOLCENGINE.decisive_codes
)
CALLERS_WORDS = st.one_of(
    st.sampled_from(
        [
            "invalid api key",
            "Incorrect API key provided.",
            "You exceeded your current quota",
            "Your credit balance is too low",
            "the model `m` does not exist",
            "This organization has been disabled.",
            "Account suspended due to reaching the monthly spending limit",
        ]
    ),
    st.sampled_from(VENDORS_CODES),
    st.sampled_from(VENDORS_CODES).map(lambda code: json.dumps({"error": {"code": code}})),
    st.sampled_from(VENDORS_CODES).map(lambda code: json.dumps({"type": code, "reason": code})),
    st.text(max_size=30),
)
ECHOES = CALLERS_WORDS | st.recursive(
    CALLERS_WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "code", "type", "reason", "status", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@st.composite
def quoting_bodies(draw: st.DrawFn) -> object:
    """Return an error in the shape of some vendor that quotes a caller wherever vendors quote."""
    told = draw(st.sampled_from(["{}", "Invalid value: '{}'.", "bad: {}", "{}\n{}"]))
    message = told.replace("{}", draw(CALLERS_WORDS))
    code = draw(st.sampled_from([None, "invalid_request_error", "invalid_value", 400, "x"]))
    return draw(
        st.sampled_from(
            [
                {"error": {"message": message, "code": code, "param": draw(CALLERS_WORDS)}},
                {"type": "error", "error": {"type": "invalid_request_error", "message": message}},
                {"error": message},
                {"message": message},
                {"object": "error", "message": {"detail": [{"type": "x", "input": draw(ECHOES)}]}},
                {"detail": [{"type": "missing", "msg": message, "input": draw(ECHOES)}]},
                {"detail": draw(ECHOES)},
                {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}},
                {"error": {"message": "?", "metadata": {"raw": message, "flagged_input": message}}},
                {"error": {"code": "x", "message": message, "failed_generation": draw(ECHOES)}},
                {"errors": [{"code": "invalid_input_argument", "message": message}]},
                {"choices": None, "base_resp": {"status_code": 2013, "status_msg": message}},
                {"error_code": 336003, "error_msg": message},
                {"code": "InvalidParameter", "message": message},
                {"success": False, "code": 1210, "msg": message},
                {"Response": {"Error": {"Code": "InvalidParameter", "Message": message}}},
            ]
        )
    )


@given(
    status=st.sampled_from([INSIDE, 400, 405, 409, 412, 413, 422, 424, 429, 500, 502, 503, 529]),
    body=quoting_bodies(),
    own=OWN,
)
def test_callers_words_in_an_error_disable_nothing(
    status: int, body: object, own: VendorErrors
) -> None:
    """Whatever a vendor quotes, one caller puts no credential or model out of use for others."""
    refused = failure(status, body, own)

    assert refused.rule.disables is Disables.NOTHING or refused.evidence is Evidence.WORDS


@given(status=st.sampled_from([401, 402, 403, 404, 410]), body=quoting_bodies(), own=OWN)
def test_status_that_quotes_a_caller_needs_another_request(
    status: int, body: object, own: VendorErrors
) -> None:
    """The status may be about the request, so that one request proves nothing."""
    refused = failure(status, body, own)

    assert refused.evidence is not Evidence.VENDOR_CODE


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": {"code": "invalid_api_key", "message": "?"}}),
        (404, {"error": {"code": "model_not_found", "message": "?"}}),
        (429, {"error": {"code": "insufficient_quota", "message": "?"}}),
        (
            400,
            {"error": {"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}},
        ),
        (403, {"errors": [{"code": "token_quota_reached"}]}),
    ],
)
def test_vendors_own_code_is_proof(status: int, body: object) -> None:
    """No request causes it while credential and model are in order."""
    assert failure(status, body).evidence is Evidence.VENDOR_CODE


def test_request_that_is_too_dear_does_not_prove_the_quota_exhausted() -> None:
    """A smaller request of another caller is still served."""
    body = {
        "error": {
            "code": 402,
            "message": "This request requires more credits, or fewer max_tokens.",
        }
    }

    refused = failure(402, body)

    assert refused.failure_class is FailureClass.QUOTA_EXHAUSTED
    assert refused.evidence is Evidence.WORDS


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "invalid_encrypted_content", "message": "?"}},
        {"error": {"message": "m.1: Invalid `signature` in `thinking` block"}},
        {
            "error": {
                "message": "?",
                "metadata": {
                    "raw": json.dumps(
                        {"error": {"message": "m.1: Invalid `signature` in `thinking` block"}}
                    )
                },
            }
        },
        {"error": {"code": 400, "message": "Corrupted thought signature."}},
    ],
    ids=["code", "sentence", "wrapped", "Google"],
)
def test_refused_proof_is_marked(body: object) -> None:
    """The same deployment may take the conversation without its thoughts."""
    refused = failure(400, body)

    assert refused.proof_refused
    assert refused.failure_class is FailureClass.CAPABILITY_MISMATCH
    assert refused.rule.disables is Disables.NOTHING


def test_signature_that_a_caller_quotes_is_no_refused_proof() -> None:
    """What stands in quotation marks is not the vendor's word."""
    body = {"error": {"message": "Unknown field 'Invalid `signature` in `thinking` block'."}}

    assert not failure(400, body).proof_refused
