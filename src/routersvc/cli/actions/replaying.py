"""The command `replay`: decodes recorded exchanges, one line of JSON for each."""

from __future__ import annotations

from pathlib import Path

from routersvc.app.replays.adapters import NoAdapterError, adapter_named
from routersvc.app.replays.recordings import UnusableRecordError
from routersvc.app.replays.replaying import Delivery, Replay, adapter_of, recording_in, replay
from routersvc.cli.exit_codes import CommandError, ExitCode, UsageProblemError
from routersvc.cli.views.figures import count_text
from routersvc.cli.views.replay_views import replay_entries, unread_entries
from routersvc.cli.views.terminal import Terminal

MAX_FILE_BYTES = 256 * 1024 * 1024
"""A recorded answer with images has several megabytes."""


def replay_files(paths: tuple[Path, ...], *, adapter: str | None, delivery: Delivery) -> None:
    """Print the result of each file's exchange. A failure of the provider is a result.

    Raises:
        CommandError: a file is not a recorded exchange, or an adapter has a defect.
    """
    terminal = Terminal.of_process()
    if adapter is not None:
        try:
            adapter_named(adapter)
        except NoAdapterError as error:
            raise UsageProblemError(f"`--adapter`: {error}") from error
    unread, broken = 0, 0
    for path in paths:
        file = str(path).encode("utf-8", "backslashreplace").decode()
        try:
            replayed = _replayed(path, adapter, delivery)
        except (OSError, UnusableRecordError, NoAdapterError) as error:
            unread += 1
            terminal.write_json(unread_entries(file, _sentence(error)))
        except Exception as error:  # noqa: BLE001 - the other files are still replayed
            broken += 1
            sentence = f"unexpected error in the adapter: {type(error).__name__}"
            terminal.write_json(unread_entries(file, sentence))
        else:
            terminal.write_json(replay_entries(file, replayed))
    if broken:
        raise CommandError(f"{count_text(broken, 'file')} caused an unexpected error in an adapter")
    if unread:
        raise CommandError(f"{count_text(unread, 'file')} could not be replayed", ExitCode.USAGE)


def _replayed(path: Path, adapter: str | None, delivery: Delivery) -> Replay:
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise UnusableRecordError(f"the file has more than {MAX_FILE_BYTES} bytes")
    recording = recording_in(data)
    return replay(recording, adapter_of(recording, adapter), delivery)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "the file cannot be read"
    return str(error)
