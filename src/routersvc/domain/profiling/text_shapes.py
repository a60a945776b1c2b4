"""The form of a text in any language: code, formulae, numbers, options, lists.

Every pattern is linear in the text: bounded repeats, no two ways to match the same thing.
"""

from __future__ import annotations

import dataclasses
import re

_WORD = re.compile(r"\w[\w+#]*")
_IN_WORDS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_+#")
_BETWEEN_WORDS = {code: " " for code in range(128) if chr(code) not in _IN_WORDS}
"""The ASCII characters that are in no word of a text in lower case, as blanks."""

_LINE = re.compile(
    r"^[ \t]{0,60}(?:"
    r"(?P<item>(?:[-*•]|[0-9]{1,3}[.)])[ \t])"
    r"|(?P<option>\(?[A-Ja-j][.):][ \t])"
    r"|(?P<code>def |class |import |from \w+ import|#include|#define|public |private |static "
    r"|function |const |let |var |return |SELECT |INSERT |UPDATE |CREATE |ALTER |if ?\(|for ?\("
    r"|while ?\(|</?[a-z]|@[A-Za-z]|>>> |\$ [a-z]|#!/|func |fn |package |using |namespace |assert "
    r"|elif |else:|try:))",
    re.MULTILINE,
)
"""The beginnings of lines of lists, options and code."""

_CODE_END = re.compile(r"[;{}]$", re.MULTILINE)
_CODE_SIGNS = ("()", "->", "=>", "::", "==", "!=", "+=", "&&", "||")
_COMMAND = re.compile(
    r"\\(?:frac|sqrt|sum|int|lim|begin|text|le|ge|cdot|pi|theta|alpha|mathbb|left|\[|\()"
)
_INLINE = re.compile(r"\$[^$\n]{1,80}\$")
_MATHS_SIGNS = "√∑∫∂≤≥≠∞π∈∀∃∇²³^"
_ARITHMETIC = re.compile(r"[0-9][ \t]?[-+*/=^×÷<>][ \t]?[0-9]")
_EQUATION = re.compile(r"=[ \t]?[-0-9(a-z]")
_NUMBER = re.compile("[0-9]+")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TextShape:
    """The words of a text in lower case, and counts of code marks, formulae, numbers and lists."""

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


def shape_of(text: str) -> TextShape:
    """Return the words and counts of a text."""
    lowered = text.lower()
    # A pattern looks at every character; most texts have none that it could begin or end with.
    numbers = len(_NUMBER.findall(text)) if any(map(text.__contains__, "0123456789")) else 0
    has_code_ends = any(map(text.__contains__, ";{}"))
    lines = [match.lastgroup for match in _LINE.finditer(text)]
    return TextShape(
        lowered=lowered,
        words=_words(lowered),
        fences=text.count("```"),
        code_marks=lines.count("code")
        + (len(_CODE_END.findall(text)) if has_code_ends else 0)
        + sum([text.count(sign) for sign in _CODE_SIGNS if sign[0] in text]),
        formulae=_formulae(text),
        arithmetic=(len(_ARITHMETIC.findall(text)) if numbers > 1 else 0) + _equations(lowered),
        numbers=numbers,
        options=lines.count("option"),
        items=lines.count("item"),
        questions=text.count("?") + text.count("\uff1f") + text.count("؟"),
    )


def _words(lowered: str) -> tuple[str, ...]:
    """Return the words of a text in lower case."""
    if not lowered.isascii():
        return tuple(_WORD.findall(lowered))
    words = lowered.translate(_BETWEEN_WORDS).split()
    if "+" in lowered or "#" in lowered:
        # They are part of a word, but do not begin one.
        return tuple(filter(None, (word.lstrip("+#") for word in words)))
    return tuple(words)


def _formulae(text: str) -> int:
    """Count signs of formulae; each search begins with a character that is rare elsewhere."""
    count = text.count("^") if text.isascii() else sum(map(text.count, _MATHS_SIGNS))
    if "\\" in text:
        count += len(_COMMAND.findall(text))
    if "$" in text:
        count += len(_INLINE.findall(text))
    return count


def _equations(lowered: str) -> int:
    """Count assignments to single letters: `x = 3`."""
    count = 0
    for match in _EQUATION.finditer(lowered):
        left = lowered[max(0, match.start() - 3) : match.start()].rstrip()
        count += left[-1:].isalpha() and not left[-2:-1].isalnum()
    return count
