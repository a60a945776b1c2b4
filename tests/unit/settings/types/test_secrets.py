"""Secrets come by reference and show themselves to nobody who does not ask."""

from pathlib import Path

import pytest

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
    with pytest.raises(ValueError, match=r"^(a secret cannot|`env:` is|`file:` is)") as caught:
        SecretReference.parse(text)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "the environment variable `KEY` is empty"),
        ("  ", "the environment variable `KEY` is empty"),
        ("a\nb", "the environment variable `KEY` holds characters that no HTTP header can carry"),
        (
            "schlüssel",
            "the environment variable `KEY` holds characters that no HTTP header can carry",
        ),
    ],
)
def test_what_no_header_can_carry_is_refused(content: str, problem: str) -> None:
    """Otherwise each call would fail, with the secret in the error of the HTTP client."""
    with pytest.raises(SecretUnavailableError) as caught:
        SecretReference.parse("env:KEY").resolve({"KEY": content}, NOWHERE)

    assert str(caught.value) == problem


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """The name helps to find out why."""
    (tmp_path / "large").write_bytes(b"x" * (MAX_SECRET_SIZE + 1))

    def told(reference: str) -> str:
        with pytest.raises(SecretUnavailableError) as caught:
            SecretReference.parse(reference).resolve({}, tmp_path)
        return str(caught.value)

    assert told("env:KEY") == "the environment variable `KEY` is not set"
    assert told("file:absent") == "the file `absent` cannot be read: no such file or directory"
    assert told("file:.") == "the file `.` cannot be read: is a directory"
    assert told("file:large") == f"the file `large` is larger than {MAX_SECRET_SIZE} bytes"
    assert told("file:a\0b").endswith("has no usable path")


def test_secret_written_as_a_name_is_not_repeated() -> None:
    """Somebody who writes `env:` before the key itself must not find it in the log."""
    key = "AKIAIOSFODNN7EXAMPLE"

    with pytest.raises(SecretUnavailableError) as caught:
        SecretReference.parse(f"env:{key}").resolve({}, NOWHERE)

    assert key not in str(caught.value)
