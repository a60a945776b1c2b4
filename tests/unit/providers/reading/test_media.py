"""Pictures by value and by address."""

from __future__ import annotations

import pytest

from routersvc.domain.conversation.deltas import MediaDelta
from routersvc.domain.conversation.parts import Modality
from routersvc.providers.reading.media import media_bytes, picture_at


def picture(media_type: str, *, data: bytes = b"", url: str = "") -> MediaDelta:
    """Return the third picture of an answer."""
    return MediaDelta(modality=Modality.IMAGE, media_type=media_type, data=data, url=url, index=2)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("data:image/webp;base64,AAA=", picture("image/webp", data=b"\0\0")),
        ("data:image/svg+xml,%3Csvg%2F%3E", picture("image/svg+xml", data=b"<svg/>")),
        ("data:;base64,AAA=", picture("image/png", data=b"\0\0")),
        ("AAA=", picture("image/png", data=b"\0\0")),
        (
            "https://a.example/b.jpg?c=d.e",
            picture("image/jpeg", url="https://a.example/b.jpg?c=d.e"),
        ),
        ("http://a.example/b", picture("image/png", url="http://a.example/b")),
    ],
)
def test_address_of_a_picture_is_understood(address: str, expected: MediaDelta) -> None:
    """A picture that stands elsewhere is passed on by its address."""
    assert picture_at(address, index=2) == expected


@pytest.mark.parametrize(
    "address", ["data:image/png;base64,?", "ftp://a", "https://" + "a" * 20_000]
)
def test_what_is_no_picture_is_refused(address: str) -> None:
    """An empty picture is no answer."""
    with pytest.raises(ValueError, match=r"media|address"):
        picture_at(address, index=0)


@pytest.mark.parametrize("data", [None, 5, ["AAA="]])
def test_media_are_text(data: object) -> None:
    """The caller treats the body as malformed."""
    with pytest.raises(TypeError):
        media_bytes(data)
    with pytest.raises(TypeError):
        picture_at(data, index=0)
