"""Names who can verify the proofs of a model, where that is not the provider alone.

Anthropic documents that Claude's signatures are valid on all platforms. A reseller passes proofs on
to the vendor behind it, so that those of one vendor's models are of no use to another's.
"""

from __future__ import annotations

GOOGLE = "google"
"""Signs Gemini's answers, at both of its APIs."""


def claude_maker(model: str) -> str:
    """Return who signs for a model that is named like Claude; empty for any other."""
    return "anthropic" if "claude" in model else ""


def reseller_maker(reseller: str, model: str) -> str:
    """Return who signs at a reseller for a model such as `vendor/name`."""
    vendor, slash, _ = model.partition("/")
    return f"{reseller}/{vendor}" if slash else reseller
