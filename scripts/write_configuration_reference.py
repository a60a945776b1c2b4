"""Write the documents about settings keys, or check that they are up to date.

`make generate` writes the reference between the two marks in `docs/configuration.md`, the JSON
Schema for editors beside it, and the comments above the keys in `examples/full.yaml`; `--check`
compares. All of them come from the schema that the service validates files with.
"""

import argparse
import itertools
import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.settings.schema.key_facts import ANY_NAME, KeyFacts, all_keys, general_path
from routersvc.settings.schema.schema import settings_json_schema
from routersvc.settings.source.yaml_source import parse_yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/configuration.md"
SCHEMA = ROOT / "docs/configuration.schema.json"
EXAMPLE = ROOT / "examples/full.yaml"
WIDTH = 100
BEGIN = "<!-- reference: written by scripts/write_configuration_reference.py -->\n"
END = "<!-- end of the reference -->\n"


class PageError(Exception):
    """The marks around the reference are missing."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare, write nothing")
    check: bool = parser.parse_args().check
    try:
        fresh = {
            PAGE: _page(PAGE.read_text(encoding="utf-8")),
            SCHEMA: json.dumps(settings_json_schema(), indent=2, ensure_ascii=False) + "\n",
            EXAMPLE: _explained(EXAMPLE.read_text(encoding="utf-8")),
        }
    except (OSError, PageError) as error:
        print(f"write_configuration_reference: {error}", file=sys.stderr)
        return 2
    stale = [path for path, text in fresh.items() if _written(path) != text]
    if not check:
        for path in stale:
            path.write_text(fresh[path], encoding="utf-8")
    elif stale:
        names = "\n".join(f"  {path.relative_to(ROOT)}" for path in stale)
        print(f"out of date, run `make generate`:\n{names}", file=sys.stderr)
        return 1
    return 0


def _written(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _page(text: str) -> str:
    """Return the page with the current reference between its marks.

    Raises:
        PageError: a mark is missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise PageError(f"marks of the reference are missing in `{PAGE.relative_to(ROOT)}`")
    return "".join((before, begin, "\n", "\n".join(_reference()), "\n", end, after))


def _explained(text: str) -> str:
    """Return the example with the current comment above the first line of each key."""
    facts = {key.path: key for key in all_keys()}
    lines = text.splitlines()
    comments: dict[int, list[str]] = {}
    for path, place in parse_yaml(text, EXAMPLE.name).key_places.items():
        key = facts.pop(general_path(path), None)
        if key is not None:
            line = lines[place.line - 1]
            mark = f"{line[: len(line) - len(line.lstrip())]}# "
            comments[place.line - 1] = textwrap.wrap(
                key.comment,
                WIDTH,
                initial_indent=mark,
                subsequent_indent=mark,
                break_long_words=False,
                break_on_hyphens=False,
            )
    fresh: list[str] = []
    for at, line in enumerate(lines):
        if at in comments:
            while fresh and fresh[-1].lstrip().startswith("#"):
                fresh.pop()
            fresh.extend(comments[at])
        fresh.append(line)
    return "\n".join(fresh) + "\n"


def _reference() -> Iterator[str]:
    """Yield the lines of the reference: a table of the single keys, then one for each section."""
    sections = [
        (top, list(keys))
        for top, keys in itertools.groupby(all_keys(), key=lambda key: key.path[0])
    ]
    yield from ("### At the top", "")
    yield from _table([keys[0] for _, keys in sections], skip=0)
    for top, (section, *keys) in sections:
        if not keys:
            continue
        by_name = keys[0].path[1] == ANY_NAME
        yield from ("", f"### `{top}.{ANY_NAME}`" if by_name else f"### `{top}`", "")
        yield from (section.description, "")
        yield from _table(keys, skip=2 if by_name else 1)
    capabilities = ", ".join(f"`{capability.value}`" for capability in Capability)
    yield from ("", "### Capabilities", "", f"{capabilities}.")


def _table(keys: list[KeyFacts], skip: int) -> Iterator[str]:
    yield "| key | takes | default | meaning |"
    yield "|---|---|---|---|"
    for key in keys:
        name = ".".join(key.path[skip:])
        default = "**required**" if key.required else key.default or ""
        yield f"| `{name}` | {_cell(key.takes)} | {_cell(default)} | {_cell(key.description)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
