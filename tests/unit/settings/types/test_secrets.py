"""Secrets come by reference and show themselves to nobody who does not ask."""

from pathlib import Path

import pytest
from tests.wording import Wording

from routersvc.settings.types.secrets import (
    MAX_SECRET_SIZE,
    SecretReference,
    SecretUnavailableError,
)

NOWHERE = Path("/nowhere")


def test_secret_comes_from_the_environment() -> None:
    """The environment is passed in, so that nothing depends on the machine."""
    secret = SecretReference.parse("env:KEY").resolve({"KEY": "s3cret"}, NOWHERE)

    assert secret.reveal() == "s3cret"


@pytest.mark.parametrize("content", ["s3cret", "s3cret\n", "s3cret\r\n", "s3cret\n\n"])
def test_secret_comes_from_a_file_without_its_line_break(tmp_path: Path, content: str) -> None:
    """Editors and `echo` end a file with a line break that is no part of the secret."""
    (tmp_path / "key").write_text(content, encoding="utf-8", newline="")

    relative = SecretReference.parse("file:key").resolve({}, tmp_path)
    absolute = SecretReference.parse(f"file:{tmp_path}/key").resolve({}, NOWHERE)

    assert relative.reveal() == "s3cret"
    assert absolute == relative


@pytest.mark.parametrize(
    "text", ["", "s3cret", "env:", "env:A B", "env:A-B", "ENV:KEY", "file:", "file: ", "vault:x"]
)
def test_what_is_no_reference_is_refused_without_repeating_it(text: str) -> None:
    """A literal secret must not travel into a log by way of its refusal."""
    with pytest.raises(ValueError, match=r"^(must be a reference|`env:`|`file:`) ") as caught:
        SecretReference.parse(text)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "  ",
        "a\nb",
        "schlüssel",
    ],
)
def test_what_no_header_can_carry_is_refused(content: str, wording: Wording) -> None:
    """Otherwise each call would fail, with the secret in the error of the HTTP client."""
    with pytest.raises(SecretUnavailableError) as caught:
        SecretReference.parse("env:KEY").resolve({"KEY": content}, NOWHERE)

    wording(str(caught.value))


def test_what_is_not_there_is_reported(tmp_path: Path, wording: Wording) -> None:
    """The name helps to find out why."""
    (tmp_path / "large").write_bytes(b"x" * (MAX_SECRET_SIZE + 1))

    def problems_in(reference: str) -> str:
        with pytest.raises(SecretUnavailableError) as caught:
            SecretReference.parse(reference).resolve({}, tmp_path)
        return str(caught.value)

    for reference in ("env:KEY", "file:absent", "file:.", "file:large", "file:a\0b"):
        wording(problems_in(reference), ascii(reference))


def test_secret_written_as_a_name_is_not_repeated() -> None:
    """Somebody who writes `env:` before the key itself must not find it in the log."""
    key = "AKIAIOSFODNN7EXAMPLE"

    with pytest.raises(SecretUnavailableError) as caught:
        SecretReference.parse(f"env:{key}").resolve({}, NOWHERE)

    assert key not in str(caught.value)
