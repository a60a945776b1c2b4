"""How good the answers of a model are, as the settings state it."""

from __future__ import annotations

from pydantic import Field

from routersvc.domain.catalogue.qualities import (
    NO_QUALITY_KNOWN,
    Quality,
)
from routersvc.domain.catalogue.tasks import (
    Task,
)
from routersvc.settings.types.fields import Ratio, Section


class QualitySection(Section):
    """How good the answers of a model are, from 0 to 1, by one measure for all models."""

    general: Ratio = Field(
        default=NO_QUALITY_KNOWN.general, description="Of tasks that are not named here."
    )
    chat: Ratio | None = Field(default=None, description="Of conversation. Left out: as `general`.")
    code: Ratio | None = Field(
        default=None, description="Of writing and mending code. Left out: as `general`."
    )
    reasoning: Ratio | None = Field(
        default=None, description="Of reasoning over several steps. Left out: as `general`."
    )
    maths: Ratio | None = Field(default=None, description="Of mathematics. Left out: as `general`.")
    extraction: Ratio | None = Field(
        default=None, description="Of pulling facts out of text. Left out: as `general`."
    )
    summarisation: Ratio | None = Field(
        default=None, description="Of making text shorter. Left out: as `general`."
    )
    creative: Ratio | None = Field(
        default=None, description="Of inventing text. Left out: as `general`."
    )
    translation: Ratio | None = Field(
        default=None, description="Of translation. Left out: as `general`."
    )
    vision: Ratio | None = Field(
        default=None, description="Of understanding pictures. Left out: as `general`."
    )
    audio: Ratio | None = Field(
        default=None, description="Of understanding sound. Left out: as `general`."
    )
    long_document: Ratio | None = Field(
        default=None, description="Of work on long documents. Left out: as `general`."
    )
    tool_use: Ratio | None = Field(
        default=None, description="Of deciding on and calling tools. Left out: as `general`."
    )

    def value(self) -> Quality:
        """Return the quality by task."""
        stated = {task: getattr(self, task.value) for task in Task}
        return Quality(
            general=self.general,
            of_tasks={task: value for task, value in stated.items() if value is not None},
        )
