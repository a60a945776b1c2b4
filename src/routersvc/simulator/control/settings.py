"""The settings of a simulator: its providers and ports, from a mapping or a YAML file.

`character` names a preset behaviour; keys under `behaviour` override single keys of it:

    control_port: 9100
    providers:
      - name: alpha
        port: 9101
        character: fast
        behaviour: {tokens_per_chunk: 4}
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import cast

import yaml

from routersvc.simulator.behaviours.behaviours import BEHAVIOURS
from routersvc.simulator.control.strict_reading import read, read_mapping, to_plain
from routersvc.simulator.errors import Path, SettingError
from routersvc.simulator.serving.provider_characters import DEFAULT_WIRE_FORMAT, ProviderCharacter

_HIGHEST_PORT = 65_535


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SimulatorSettings:
    """The providers of one simulator, and its control port.

    Port 0 means any free port. `log_capacity` is the number of requests in the log of each
    provider.
    """

    providers: tuple[ProviderCharacter, ...]
    host: str = "127.0.0.1"
    control_port: int = 0
    log_capacity: int = 10_000

    def __post_init__(self) -> None:
        names = [provider.name for provider in self.providers]
        if not names or len(set(names)) != len(names):
            raise ValueError("`providers` must not be empty, and names must be unique")
        if not 0 <= self.control_port <= _HIGHEST_PORT:
            raise ValueError("`control_port` must be between 0 (any free port) and 65535")
        ports = [port for port in self._ports() if port]
        if len(set(ports)) != len(ports):
            raise ValueError("ports must be unique")
        if self.log_capacity < 1:
            raise ValueError("`log_capacity` must be at least 1")

    def _ports(self) -> list[int]:
        return [self.control_port, *(provider.port for provider in self.providers)]

    @classmethod
    def demonstration(cls) -> SimulatorSettings:
        """Three providers with the same models and different characters, on free ports."""
        return cls(
            providers=tuple(
                ProviderCharacter(name=name, behaviour=BEHAVIOURS[character], seed=seed)
                for seed, (name, character) in enumerate(
                    [("alpha", "fast"), ("beta", "steady"), ("gamma", "erratic")]
                )
            )
        )

    @classmethod
    def from_mapping(cls, mapping: object) -> SimulatorSettings:
        """Return the settings in a mapping of plain data.

        Raises:
            SettingError: a key is unknown or missing, or a value is invalid.
        """
        entries = read_mapping(mapping)
        providers = entries.get("providers")
        if isinstance(providers, list):
            entries["providers"] = [
                _with_character(provider, ("providers", at))
                for at, provider in enumerate(cast("list[object]", providers))
            ]
        return read(cls, entries)

    @classmethod
    def from_file(cls, file: str | pathlib.Path) -> SimulatorSettings:
        """Return the settings in a YAML file.

        Raises:
            SettingError: as `from_mapping`, with file and line; or the file is not
                YAML, or cannot be read.
        """
        try:
            text = pathlib.Path(file).read_text(encoding="utf-8")
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            _refuse_duplicates(root, str(file))
            loaded: object = yaml.safe_load(text)
        except OSError as error:
            raise SettingError(
                error.strerror or "cannot be read", file=str(file), line=1
            ) from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            line = 1 if mark is None else cast("yaml.Mark", mark).line + 1
            problem = getattr(error, "problem", None) or "not readable as UTF-8 text"
            raise SettingError(f"not YAML: {problem}", file=str(file), line=line) from error
        try:
            return cls.from_mapping(loaded)
        except SettingError as error:
            raise SettingError(
                error.problem,
                path=error.path,
                unknown_key=error.unknown_key,
                file=str(file),
                line=_line_of(root, error.path),
            ) from error


def provider_of_option(text: str, seed: int) -> ProviderCharacter:
    """Return the provider that `NAME[=CHARACTER][:FORMAT]` describes.

    Raises:
        SettingError: the character, or the name or format, is none that there is.
    """
    described, _, wire_format = text.partition(":")
    name, _, character = described.partition("=")
    behaviour = BEHAVIOURS.get(character or "instant")
    if behaviour is None:
        raise SettingError(f"unknown character `{character}`; allowed: {', '.join(BEHAVIOURS)}")
    try:
        return ProviderCharacter(
            name=name,
            behaviour=behaviour,
            seed=seed,
            wire_format=wire_format or DEFAULT_WIRE_FORMAT,
        )
    except ValueError as error:
        raise SettingError(f"`{text}`: {error}") from error


def _with_character(provider: object, path: Path) -> object:
    """Replace `character` by its behaviour, overridden by the keys under `behaviour`."""
    if not isinstance(provider, Mapping):
        return provider
    entries = read_mapping(cast("object", provider), path)
    if "character" not in entries:
        return entries
    character = entries.pop("character")
    if not isinstance(character, str) or character not in BEHAVIOURS:
        raise SettingError(
            f"unknown character; allowed: {', '.join(BEHAVIOURS)}", path=(*path, "character")
        )
    base = read_mapping(to_plain(BEHAVIOURS[character]))
    over = read_mapping(entries.get("behaviour", {}), (*path, "behaviour"))
    entries["behaviour"] = {**base, **over}
    return entries


def _refuse_duplicates(node: yaml.Node | None, file: str, path: Path = ()) -> None:
    if isinstance(node, yaml.SequenceNode):
        for at, entry in enumerate(node.value):
            _refuse_duplicates(entry, file, (*path, at))
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, entry in node.value:
            name = str(key.value)
            if name in seen:
                raise SettingError(
                    "duplicate key",
                    path=(*path, name),
                    file=file,
                    line=key.start_mark.line + 1,
                )
            seen.add(name)
            _refuse_duplicates(entry, file, (*path, name))


def _line_of(node: yaml.Node | None, path: Path) -> int:
    """Return the line of the key at `path`, or of the nearest enclosing node."""
    line = 1
    for step in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = _first_line(node)
        elif isinstance(node, yaml.MappingNode):
            found = [(key, entry) for key, entry in node.value if key.value == step]
            if not found:
                break
            key, node = found[0]
            line = _first_line(key)
        else:
            break
    return line


def _first_line(node: yaml.Node | None) -> int:
    return 1 if node is None else node.start_mark.line + 1
