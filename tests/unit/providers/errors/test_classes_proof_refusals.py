"""The words with which vendors refuse a proof."""

from __future__ import annotations

import json

import pytest

from routersvc.providers.errors.classes import failure_of_response
from routersvc.providers.wire_format import ResponseHead


def refuses_proof(status: int, words: str) -> bool:
    """Return whether an error with these words refuses a proof."""
    head = ResponseHead(
        status=status, headers={"content-type": "application/json"}, received_at=0.0
    )
    body = json.dumps({"error": {"message": words}}).encode()
    return failure_of_response(head, body).proof_refused


@pytest.mark.parametrize(
    "words",
    [
        "messages.1.content.0: Invalid `signature` in `thinking` block",
        "Corrupted thought signature.",
        "Function call is missing a thought_signature in functionCall parts.",
        "The encrypted content for item rs_1 could not be verified.",
        "Could not decrypt the provided encrypted_content.",
        "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
        "Expected `thinking` or `redacted_thinking`, but found `tool_use`.",
    ],
)
def test_refused_proof_is_recognised(words: str) -> None:
    """The request is sent again without its proofs."""
    assert refuses_proof(400, words)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "max_tokens must be positive"),
        (403, "The request signature we calculated does not match the signature you provided."),
        (500, "Invalid `signature` in `thinking` block"),
    ],
)
def test_other_errors_are_no_refusal_of_a_proof(status: int, words: str) -> None:
    """A request that is signed wrongly, or a broken server, is another matter."""
    assert not refuses_proof(status, words)
