"""What tools of the provider did for an answer: searches, code that ran, calls of MCP servers."""

from __future__ import annotations

import dataclasses
import enum


class HostedStatus(enum.Enum):
    """How far a tool of the provider got, as the provider reported it last."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    WAITING = "waiting"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HostedSource:
    """A source that a tool found or read; empty fields are unknown."""

    url: str = dataclasses.field(default="", repr=False)
    title: str = dataclasses.field(default="", repr=False)
    text: str = dataclasses.field(default="", repr=False)
    source_id: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HostedActivity:
    """What a tool of the provider did. Providers that report call and result apart make two.

    Both have the same `activity_id`. `tool` is a name that providers share where there is one,
    `name` what the provider calls it where that says more. `proof` is the activity as the provider
    needs it back, empty where it needs nothing; `maker` names who made it.
    """

    tool: str
    activity_id: str = ""
    name: str = ""
    server: str = ""
    input_json: str = dataclasses.field(default="", repr=False)
    queries: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    code: str = dataclasses.field(default="", repr=False)
    status: HostedStatus | None = None
    output: str = dataclasses.field(default="", repr=False)
    error: str = dataclasses.field(default="", repr=False)
    sources: tuple[HostedSource, ...] = dataclasses.field(default=(), repr=False)
    proof: bytes = dataclasses.field(default=b"", repr=False)
    maker: str = ""

    @property
    def size(self) -> int:
        """The most characters and bytes that its texts and its proof take together."""
        texts = (
            self.activity_id,
            self.name,
            self.server,
            self.tool,
            self.maker,
            self.input_json,
            self.code,
            self.output,
            self.error,
            *self.queries,
        )
        sources = sum(
            len(one.url) + len(one.title) + len(one.text) + len(one.source_id)
            for one in self.sources
        )
        return sum(map(len, texts)) + sources + len(self.proof)
