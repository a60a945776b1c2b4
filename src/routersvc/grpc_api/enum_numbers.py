"""Pairs the members of the domain's enums with the numbers of the contract's, by name.

`FailureClass.RESET` of the domain is `FAILURE_CLASS_RESET` in the contract. A member that the
contract does not name fails at import.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

_Member = TypeVar("_Member", bound=enum.Enum)
_Number = TypeVar("_Number", bound=int)
_Unset = TypeVar("_Unset")


def numbers_of(
    members: type[_Member],
    prefix: str,
    number_of: Callable[[str], _Number],
    *,
    unspecified: _Member | None = None,
) -> Mapping[_Member, _Number]:
    """Return the number of each member; `unspecified` is the member that the unset number means."""
    return MappingProxyType(
        {
            member: number_of(
                f"{prefix}_UNSPECIFIED" if member is unspecified else f"{prefix}_{member.name}"
            )
            for member in members
        }
    )


def members_of(
    members: type[_Member], prefix: str, number_of: Callable[[str], int]
) -> Mapping[int, _Member]:
    """Return the member of each number, for an enum that must be set."""
    return MappingProxyType(
        {number: member for member, number in numbers_of(members, prefix, number_of).items()}
    )


def members_or_unset(
    members: type[_Member], prefix: str, number_of: Callable[[str], int], *, unset: _Unset
) -> Mapping[int, _Member | _Unset]:
    """Return the member of each number, and `unset` for the number that means unset."""
    return MappingProxyType(
        {number_of(f"{prefix}_UNSPECIFIED"): unset, **members_of(members, prefix, number_of)}
    )
