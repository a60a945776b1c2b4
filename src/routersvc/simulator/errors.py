"""Errors of setting up and controlling a simulator.

SimulatorError
├── SettingError          an invalid setting in a file or a control call
├── UnknownProviderError  no simulated provider has this name
├── UnknownFaultError     no active fault has this id
├── PortUnavailableError  another process uses a port
└── SchemaError           a JSON schema that no instance can be made for
"""

from __future__ import annotations

Path = tuple[str | int, ...]


def path_text(path: Path) -> str:
    """Return a key path as text: `providers[0].behaviour`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


class SimulatorError(Exception):
    """Base class of the simulator's errors; the message is for the user."""


class SettingError(SimulatorError):
    """An invalid setting in a file or a control call."""

    def __init__(
        self,
        problem: str,
        *,
        path: Path = (),
        unknown_key: bool = False,
        file: str | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(problem, path, file, line)
        self.problem = problem
        self.path = path
        self.unknown_key = unknown_key
        self.file = file
        self.line = line

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file is not None else ""
        key = f"`{path_text(self.path)}`: " if self.path else ""
        return f"{place}{key}{self.problem}"


class UnknownProviderError(SimulatorError):
    """No simulated provider has this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name = name
        self.known = known

    def __str__(self) -> str:
        return f"unknown simulated provider `{self.name}`; known: {', '.join(self.known)}"


class UnknownFaultError(SimulatorError):
    """No active fault has this id."""

    def __init__(self, fault_id: str) -> None:
        super().__init__(fault_id)
        self.fault_id = fault_id

    def __str__(self) -> str:
        return f"unknown fault `{self.fault_id}`: not active, or used up"


class PortUnavailableError(SimulatorError):
    """Another process uses the port, or this machine has no such address."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(host, port, reason)
        self.host = host
        self.port = port
        self.reason = reason

    def __str__(self) -> str:
        return f"cannot listen on {self.host}:{self.port}: {self.reason}"


class SchemaError(SimulatorError):
    """A JSON schema that no instance can be made for, because of `keyword`."""

    def __init__(self, keyword: str, problem: str) -> None:
        super().__init__(keyword, problem)
        self.keyword = keyword
        self.problem = problem

    def __str__(self) -> str:
        return f"`{self.keyword}`: {self.problem}"
