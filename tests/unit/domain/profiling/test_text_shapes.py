"""Words and counts are those of the plain patterns, however they are found."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.profiling.text_shapes import shape_of

SIGNS = ("()", "->", "=>", "::", "==", "!=", "+=", "&&", "||")
TEXTS = st.text(alphabet="aB9_+#-=>:!&|(){};., \n\té", max_size=80) | st.text(max_size=80)


@given(text=TEXTS)
def test_words_and_counts_are_those_of_the_patterns(text: str) -> None:
    """A text is looked through by quicker means where it has only ASCII characters."""
    shape = shape_of(text)

    assert list(shape.words) == re.findall(r"\w[\w+#]*", text.lower())
    assert shape.numbers == len(re.findall("[0-9]+", text))
    ends = len(re.findall(r"[;{}]$", text, re.MULTILINE))
    assert shape.code_marks >= ends + sum(map(text.count, SIGNS))


def test_lines_of_code_count_beside_its_signs() -> None:
    """One mark for the line, one for its end, two for the signs in it."""
    assert shape_of("return a == b();").code_marks == 4
    assert shape_of("we return tomorrow").code_marks == 0
