"""The golden file of sentences: what is written there is what is compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import wording
from tests.wording import WordingFile


def test_written_sentence_is_compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A sentence that was kept passes, any other fails, and tests that are gone lose theirs."""
    golden = tmp_path / "wording.yaml"
    golden.write_text("gone.py::test_old:\n  text: old\n")
    monkeypatch.setattr(wording, "GOLDEN", golden)
    (tmp_path / "test_new.py").touch()
    writing = WordingFile(writing=True)
    writing.of("test_new.py::test_one")("as it is now")
    writing.save(tmp_path)

    reading = WordingFile(writing=False)

    reading.of("test_new.py::test_one")("as it is now")
    with pytest.raises(AssertionError, match="make wording"):
        reading.of("test_new.py::test_one")("something else")
    assert "gone" not in golden.read_text()
