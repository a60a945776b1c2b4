"""What differs between two settings, and what of it waits for a restart."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from routersvc.settings.problems import KeyPath, key_text, shown
from routersvc.settings.settings import Settings

RESTART_KEYS: tuple[KeyPath, ...] = (
    ("server", "listen"),
    ("server", "edge"),
    ("server", "max_message_bytes"),
    ("server", "connections"),
    ("server", "keepalive"),
    ("server", "reflection"),
    ("server", "reload"),
    ("authentication", "reflection"),
    ("telemetry",),
    ("decision_log",),
)
"""Settings that are read at the start only: options of sockets, of gRPC core and of exporters."""


class ChangeKind(enum.Enum):
    """How a key differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SettingsChange:
    """One key that differs, with its values as they may be shown."""

    key: str
    kind: ChangeKind
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        match self.kind:
            case ChangeKind.ADDED:
                return f"{self.key}: added {self.after}".rstrip()
            case ChangeKind.REMOVED:
                return f"{self.key}: removed {self.before}".rstrip()
            case ChangeKind.CHANGED:
                return f"{self.key}: {self.before} → {self.after}"


def changes_between(before: Settings, after: Settings) -> tuple[SettingsChange, ...]:
    """Return every key that differs, defaults included, and every secret or file that does."""
    old, new = _plain(before), _plain(after)
    found = list(_changes((), old, new))
    found += [
        SettingsChange(key=key, kind=ChangeKind.CHANGED, before="content", after="new content")
        for key in _changed_contents(before, after, lambda path: _at(old, path) == _at(new, path))
    ]
    return tuple(found)


def waiting_for_restart(started: Settings, settings: Settings) -> tuple[str, ...]:
    """Return the keys whose values differ from those of the start, and hold from a restart on."""
    before, after = _plain(started), _plain(settings)
    waiting = [key for key in RESTART_KEYS if _at(before, key) != _at(after, key)]
    for name in ("certificate_file", "client_ca_file"):
        key = ("server", "tls", name)
        if (_at(before, key) is None) is not (_at(after, key) is None):
            waiting.append(key)
    return tuple(key_text(key) for key in waiting)


def _plain(settings: Settings) -> dict[str, Any]:
    return settings.document.model_dump(mode="json")


def _at(content: Mapping[str, Any], path: KeyPath) -> object:
    value: Any = content
    for step in path:
        value = value[step]
    return value


def _changes(path: KeyPath, before: object, after: object) -> Iterator[SettingsChange]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, object]", before), cast("dict[str, object]", after)
        yield from _changes_of_section(path, old, new)
    else:
        yield SettingsChange(
            key=key_text(path), kind=ChangeKind.CHANGED, before=_shown(before), after=_shown(after)
        )


def _changes_of_section(
    path: KeyPath, old: Mapping[str, object], new: Mapping[str, object]
) -> Iterator[SettingsChange]:
    for key in (*old, *(key for key in new if key not in old)):
        place = (*path, key)
        if key not in new:
            yield SettingsChange(
                key=key_text(place), kind=ChangeKind.REMOVED, before=_shown(old[key])
            )
        elif key not in old:
            yield SettingsChange(key=key_text(place), kind=ChangeKind.ADDED, after=_shown(new[key]))
        else:
            yield from _changes(place, old[key], new[key])


def _shown(value: Any) -> str:  # noqa: ANN401 - anything that stands in a file
    """Return a value in a few words; a section is only named."""
    if isinstance(value, dict):
        return ""
    if isinstance(value, list):
        items = cast("list[object]", value)
        return f"[{', '.join('…' if isinstance(it, dict | list) else shown(it) for it in items)}]"
    return shown(value)


def _changed_contents(
    before: Settings, after: Settings, is_same: Callable[[KeyPath], bool]
) -> Iterator[str]:
    """Yield where a secret or a file has other content under the same name.

    `is_same` returns whether the documents agree at a key: what they differ in is told already.
    """
    for name in before.endpoints.keys() & after.endpoints.keys():
        old, new = before.endpoints[name], after.endpoints[name]
        for what in ("credentials", "headers", "auth"):
            ours, theirs = getattr(old, what), getattr(new, what)
            if ours != theirs and is_same(("providers", name)):
                yield key_text(("providers", name, what))
    for name in before.api_keys.keys() & after.api_keys.keys():
        same = is_same(("tenants", name, "api_keys"))
        if before.api_keys[name] != after.api_keys[name] and same:
            yield key_text(("tenants", name, "api_keys"))
    if before.certificate != after.certificate and is_same(("server", "tls")):
        yield "server.tls"
    for name in before.token_issuers.keys() & after.token_issuers.keys():
        path = ("authentication", "tokens", name)
        if before.token_issuers[name] != after.token_issuers[name] and is_same(path):
            yield key_text(path)
    for file in before.files.keys() & after.files.keys():
        if before.files[file] != after.files[file]:
            yield str(file)
