"""Counts the contents of a prompt while a wire format reads its messages.

Tokens are estimated without a vocabulary: one per four bytes of UTF-8, four per message, three
for the start of the answer, and a flat rate per image.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence

from routersvc.simulator.answers.completions import Prompt

# A square image of 1,024 pixels in high detail.
IMAGE_TOKENS = 765

_BYTES_PER_TOKEN = 4
_MESSAGE_TOKENS, _ANSWER_START_TOKENS = 4, 3
# The first bytes of PNG, JPEG, GIF and (after its length) WebP.
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")
_RIFF, _WEBP, _WEBP_AT = b"RIFF", b"WEBP", slice(8, 12)


class PromptTally:
    """Counts the contents of the messages of one request."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._tokens = _ANSWER_START_TOKENS
        self._images = 0
        self._last_user_text = ""
        self._after_tool_results = False
        self._after_answer = False

    def hold(self, *texts: str) -> None:
        """Count texts."""
        self._texts.extend(texts)

    def image_data(self, encoded: str) -> bool:
        """Count an image in base64; return whether it is valid."""
        data = decoded_base64(encoded)
        if data is None or not is_image(data):
            return False
        self.image(mark_of(data))
        return True

    def image_url(self, url: str) -> bool:
        """Count an image at a URL or in a data URL; return whether it is valid."""
        head, _, encoded = url.partition(";base64,")
        if head.startswith("data:"):
            return self.image_data(encoded)
        self.image(url)
        return True

    def image(self, mark: str, tokens: int = IMAGE_TOKENS) -> None:
        """Count an image; `mark` identifies it: its URL, or a digest of its bytes."""
        self._texts.append(mark)
        self._images += 1
        self._tokens += tokens

    def message(self, texts: Sequence[str], *, from_user: bool, tool_results: bool) -> None:
        """Count a message with its texts."""
        self.hold(*texts)
        self.end_message(
            user_text="\n".join(texts) if from_user else None, tool_results=tool_results
        )

    def end_message(self, *, user_text: str | None = None, tool_results: bool = False) -> None:
        """Count a message whose texts were counted; `user_text` is set for a user's message."""
        self._tokens += _MESSAGE_TOKENS
        self._after_tool_results = tool_results
        self._after_answer = user_text is None and not tool_results
        if user_text is not None:
            self._last_user_text = user_text

    def prompt(self) -> Prompt:
        """Return the counted prompt."""
        joined = "\n".join(self._texts)
        encoded = joined.encode()
        return Prompt(
            last_user_text=self._last_user_text,
            digest=zlib.crc32(encoded),
            tokens=self._tokens + -(-len(encoded) // _BYTES_PER_TOKEN),
            image_parts=self._images,
            after_tool_results=self._after_tool_results,
            after_answer=self._after_answer,
            mentions_json="json" in joined.lower(),
        )


def decoded_base64(text: str) -> bytes | None:
    """Return the decoded bytes of a text in base64, or `None` if it is invalid."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def mark_of(data: bytes) -> str:
    """Return a digest of bytes for the digest of a prompt."""
    return f"{zlib.crc32(data):08x}"


def is_image(data: bytes) -> bool:
    """Return whether bytes begin like an image of a common format."""
    if data.startswith(_RIFF):
        return data[_WEBP_AT] == _WEBP
    return data.startswith(_SIGNATURES)
