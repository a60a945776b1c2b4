"""One golden file for the sentences that people read: `tests/wording.yaml`.

Tests assert facts: types, fields, codes, values. A test that also wants to hold a sentence takes
the fixture `wording` and calls it with the text. The sentence then stands in the golden file under
the name of the test, so that a change of words is a change of one file. `make wording` writes it
anew; its diff is what a reviewer reads.
"""

from __future__ import annotations

from pathlib import Path

import yaml

GOLDEN = Path(__file__).with_name("wording.yaml")


class WordingFile:
    """The golden file: read once a session, written at its end where that was asked for."""

    def __init__(self, *, writing: bool) -> None:
        self.writing = writing
        self._written: dict[str, dict[str, str]] = {}
        self._golden: dict[str, dict[str, str]] = (
            yaml.safe_load(GOLDEN.read_text("utf-8")) or {} if GOLDEN.exists() else {}
        )

    def of(self, test: str) -> Wording:
        """Return the sentences of one test."""
        written: dict[str, str] = {}
        if self.writing:
            self._written[test] = written
        return Wording(self._golden.get(test, {}), written if self.writing else None)

    def save(self, root: Path) -> None:
        """Write the sentences of the tests that ran; those of tests that are gone are dropped."""
        kept = {
            test: sentences
            for test, sentences in self._golden.items()
            if test not in self._written and (root / test.partition("::")[0]).exists()
        }
        merged = kept | {test: texts for test, texts in self._written.items() if texts}
        GOLDEN.write_text(
            yaml.safe_dump(
                dict(sorted(merged.items())), allow_unicode=True, sort_keys=False, width=100
            ),
            "utf-8",
        )


class Wording:
    """The sentences of one test, by name."""

    def __init__(self, golden: dict[str, str], written: dict[str, str] | None) -> None:
        self._golden = golden
        self._written = written

    def __call__(self, text: str, name: str = "text") -> None:
        """Hold `text` against the golden file, or write it there where that was asked for."""
        if self._written is not None:
            self._written[name] = text
            return
        assert text == self._golden.get(name), "a new wording is kept with `make wording`"
