"""Mutation operators in addition to, and instead of, those of mutmut.

mutmut shifts the boundary of a comparison, replaces arguments and swaps operators. It neither
reverses a comparison nor removes a statement, such as the withdrawal from a budget or the return of
a lease; nor does it mutate properties. Its changes of texts are disabled: a sentence is no rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

import libcst as cst
import libcst.matchers as m
import mutmut.__main__ as program
from mutmut.mutation import mutators
from mutmut.mutation.file_mutation import MutatedFile, mutate_file_contents

_TURNED: dict[type[cst.BaseCompOp], type[cst.BaseCompOp]] = {
    cst.LessThan: cst.GreaterThanEqual,
    cst.LessThanEqual: cst.GreaterThan,
    cst.GreaterThan: cst.LessThanEqual,
    cst.GreaterThanEqual: cst.LessThan,
}
_TEXT = m.SimpleString() | m.ConcatenatedString() | m.FormattedString()
_SAYS_A_BUG = m.Raise(exc=m.Call(func=m.Name("AssertionError"))) | m.Expr(
    value=m.Call(func=m.Name("assert_never"))
)
_BARE = m.Name() | m.Attribute() | m.Call()


def install() -> None:
    """Make mutmut change rules, including properties, but no texts."""
    left_out = {
        mutators.operator_string,
        mutators.operator_arg_removal,
        mutators.operator_assignment,
    }
    kept = [pair for pair in mutators.mutation_operators if pair[1] not in left_out]
    # mutmut keeps a reference to the list.
    operators = cast("list[object]", mutators.mutation_operators)
    operators[:] = [
        *kept,
        (cst.Call, _lose_argument),
        (cst.Assign, _lose_value),
        (cst.AnnAssign, _lose_value),
        (cst.ComparisonTarget, _turn_comparison),
        (cst.If, _turn_condition),
        (cst.Expr, _leave_out),
        (cst.Raise, _leave_out),
    ]
    program.mutate_file_contents = _mutate  # type: ignore[attr-defined]


def unfold_properties(source: str) -> str:
    """Return `source` with each property as a method and its property.

    mutmut leaves decorated functions alone.
    """
    return cst.parse_module(source).visit(_Unfolding()).code


class _Unfolding(cst.CSTTransformer):
    def leave_FunctionDef(  # noqa: N802 - libcst's name
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.FlattenSentinel[cst.BaseStatement]:
        if not m.matches(
            original_node, m.FunctionDef(decorators=[m.Decorator(decorator=m.Name("property"))])
        ):
            return updated_node
        name = updated_node.name.value
        getter = updated_node.with_changes(name=cst.Name(f"_get_{name}"), decorators=[])
        return cst.FlattenSentinel(
            [getter, cst.parse_statement(f"{name} = property(_get_{name})\n")]
        )


def _mutate(
    filename: str,
    code: str,
    covered_lines: set[int] | None = None,
    coverage_excluded_lines: set[int] | None = None,
) -> MutatedFile:
    return mutate_file_contents(
        filename, unfold_properties(code), covered_lines, coverage_excluded_lines
    )


def _lose_argument(node: cst.Call) -> Iterator[cst.Call]:
    """Each argument replaced or left out, as mutmut does it, except texts."""
    texts = [index for index, arg in enumerate(node.args) if m.matches(arg.value, _TEXT)]
    for mutant in mutators.operator_arg_removal(node):
        if all(node.args[index] in mutant.args for index in texts):
            yield mutant


def _lose_value(node: cst.Assign | cst.AnnAssign) -> Iterable[cst.CSTNode]:
    """The value replaced, as mutmut does it, except texts."""
    if node.value is not None and m.matches(node.value, _TEXT):
        return ()
    return mutators.operator_assignment(node)


def _turn_comparison(node: cst.ComparisonTarget) -> Iterator[cst.ComparisonTarget]:
    """Reverse a comparison; its boundary moves to the other side too."""
    turned = _TURNED.get(type(node.operator))
    if turned is not None:
        yield node.with_changes(operator=turned())


def _turn_condition(node: cst.If) -> Iterator[cst.If]:
    """Negate a condition that is no comparison."""
    if m.matches(node.test, _BARE):
        yield node.with_changes(
            test=cst.UnaryOperation(
                operator=cst.Not(),
                expression=node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()]),
            )
        )


def _leave_out(node: cst.Expr | cst.Raise) -> Iterator[cst.Pass]:
    """Remove a call made for its effect, or a `raise`; an assertion of a bug stays."""
    if m.matches(node, _SAYS_A_BUG):
        return
    if isinstance(node, cst.Raise) or m.matches(node.value, m.Call() | m.Await()):
        yield cst.Pass()
