"""Write the reference of the settings' keys, or check that it is fresh.

`make generate` writes it between the two marks in `docs/configuration.md`, and the JSON Schema for
editors beside it; `--check` compares. Both are read off the schema that the service checks with.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.settings.schema.key_facts import ANY_NAME, KeyFacts, all_keys
from routersvc.settings.schema.schema import settings_json_schema

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/configuration.md"
SCHEMA = ROOT / "docs/configuration.schema.json"
BEGIN = "<!-- reference: written by scripts/write_configuration_reference.py -->\n"
END = "<!-- end of the reference -->\n"


class PageError(Exception):
    """The page lacks its marks."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check: bool = parser.parse_args().check
    try:
        fresh = {
            PAGE: _page(PAGE.read_text(encoding="utf-8")),
            SCHEMA: json.dumps(settings_json_schema(), indent=2, ensure_ascii=False) + "\n",
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
        print(f"not what the schema says, run `make generate`:\n{names}", file=sys.stderr)
        return 1
    return 0


def _written(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _page(text: str) -> str:
    """Return the page with a fresh reference between its marks.

    Raises:
        PageError: a mark is missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise PageError(f"the marks of the reference are missing in `{PAGE.relative_to(ROOT)}`")
    return "".join((before, begin, "\n", "\n".join(_reference()), "\n", end, after))


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
