"""The `detection` section: which identifiers in a prompt make it of a class of regulated data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from routersvc.domain.profiling.identifiers import (
    IdentifierKind,
)
from routersvc.settings.types.fields import Name, Section, unique

PhoneRegion = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""A country by ISO 3166, two letters."""


class DataClassSection(Section):
    """What makes a prompt of this class of data."""

    kinds: Annotated[tuple[IdentifierKind, ...], Field(min_length=1), AfterValidator(unique)] = (
        Field(description="The kinds of identifiers that speak for it.")
    )
    min_count: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Different identifiers, all kinds together, from which on a prompt is of it.",
    )


class DetectionSection(Section):
    """Looks for identifiers in prompts. Only tightens: a class that is found is as one stated."""

    data_classes: Mapping[Name, DataClassSection] = Field(
        default={},
        description="Classes of regulated data, by the names that `data_classes` of providers use. "
        "Empty: nothing is looked for.",
    )
    phone_regions: Annotated[tuple[PhoneRegion, ...], AfterValidator(unique)] = Field(
        default=(),
        description="Countries (ISO 3166) whose national telephone numbers are found too; "
        "international ones, with a plus, always are.",
    )
