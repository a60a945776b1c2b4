"""What a text looks like, whatever its language: code, formulae, numbers, options, lists.

Every pattern is linear in the text: bounded repeats, no two ways to match the same thing.
"""

from __future__ import annotations

import dataclasses
import re

_WORD = re.compile(r"\w+(?:[.'’;-]\w+)*[+#]*")
_CODE_LINE = re.compile(
    r"^[ \t]{0,60}(?:def |class |import |from \w+ import|#include|#define|public |private |static "
    r"|function |const |let |var |return |SELECT |INSERT |UPDATE |CREATE |ALTER |if ?\(|for ?\("
    r"|while ?\(|</?[a-z]|@[A-Za-z]|>>> |\$ [a-z]|#!/|func |fn |package |using |namespace |assert "
    r"|elif |else:|try:)",
    re.MULTILINE,
)
_CODE_END = re.compile(r"[;{}]$", re.MULTILINE)
_CALL = re.compile(r"[A-Za-z_]\w{0,40}\.\w{1,40}\(|\w\(\)|->|=>|::|==|!=|\+=|&&|\|\|")
_FORMULA = re.compile(
    r"\\(?:frac|sqrt|sum|int|lim|begin|text|le|ge|cdot|pi|theta|alpha|mathbb|left|\[|\()"
    r"|\$[^$\n]{1,80}\$|[√∑∫∂≤≥≠∞π∈∀∃∇]|\b[a-z]\^\{?\d"
)
_ARITHMETIC = re.compile(r"\d[ \t]?[-+*/=^×÷<>][ \t]?\d")
_EQUATION = re.compile(r"\b[a-z][ \t]?=[ \t]?[-\d(a-z]")
_NUMBER = re.compile(r"\d+")
_OPTION = re.compile(r"^[ \t]{0,8}\(?[A-Ja-j][.):][ \t]", re.MULTILINE)
_ITEM = re.compile(r"^[ \t]{0,20}(?:[-*•]|\d{1,3}[.)])[ \t]", re.MULTILINE)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """Words in lower case, in order, and counts of what was seen."""

    lowered: str = dataclasses.field(repr=False)
    words: tuple[str, ...] = dataclasses.field(repr=False)
    fences: int
    code_marks: int
    formulae: int
    arithmetic: int
    numbers: int
    options: int
    items: int
    questions: int


def shape_of(text: str) -> Shape:
    """Return the shape of a text."""
    lowered = text.lower()
    digits = _NUMBER.findall(text)
    return Shape(
        lowered=lowered,
        words=tuple(_WORD.findall(lowered)),
        fences=text.count("```"),
        code_marks=len(_CODE_LINE.findall(text))
        + len(_CODE_END.findall(text))
        + len(_CALL.findall(text)),
        formulae=len(_FORMULA.findall(text)),
        arithmetic=(len(_ARITHMETIC.findall(text)) if len(digits) > 1 else 0)
        + len(_EQUATION.findall(lowered)),
        numbers=len(digits),
        options=len(_OPTION.findall(text)),
        items=len(_ITEM.findall(text)),
        questions=text.count("?") + text.count("\uff1f") + text.count("؟"),
    )
