"""The `detection` section: identifiers that put a prompt into a class of regulated data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from routersvc.domain.profiling.identifiers import IdentifierKind
from routersvc.settings.types.fields import Name, Section, unique

PhoneRegion = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""A country code of ISO 3166, two letters."""


class DataClassSection(Section):
    """The identifiers that put a prompt into a class of data."""

    kinds: Annotated[tuple[IdentifierKind, ...], Field(min_length=1), AfterValidator(unique)] = (
        Field(description="The kinds of identifiers that indicate this class.")
    )
    min_count: int = Field(
        default=1,
        ge=1,
        le=100,
        description="The number of different identifiers, of all kinds together, that puts a "
        "prompt into this class.",
    )


class DetectionSection(Section):
    """Detects identifiers in prompts. Only tightens: a detected class counts like a stated one."""

    data_classes: Mapping[Name, DataClassSection] = Field(
        default={},
        description="Classes of regulated data, by the names that `data_classes` of providers "
        "use. Empty disables detection.",
    )
    phone_regions: Annotated[tuple[PhoneRegion, ...], AfterValidator(unique)] = Field(
        default=(),
        description="Countries (ISO 3166) whose national telephone numbers are detected. "
        "International numbers, with a plus, always are.",
    )
