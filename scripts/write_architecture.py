"""Write the picture of the import contracts and the table of folders, or check them.

`make generate` writes both between their marks in `docs/architecture.md`; `--check` compares.
The picture is read off the contracts of `[tool.importlinter]` in `pyproject.toml`, the table off
the docstrings of the packages of `src/routersvc`.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/architecture.md"
PACKAGE = ROOT / "src/routersvc"
PICTURE = "import contracts"
FOLDERS = "folders"
_LAYER_MEMBER = re.compile(r"\w+")
_NOT_BUILT = re.compile(r"\(\w+\)")
_FIRST_SENTENCE = re.compile(r".+?[.](?=\s|$)", re.DOTALL)

Contract = Mapping[str, Any]
"""One `[[tool.importlinter.contracts]]` table."""


class ArchitectureError(Exception):
    """The page lacks a mark, or a package lacks the sentence that describes it."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check: bool = parser.parse_args().check
    try:
        written = PAGE.read_text(encoding="utf-8")
        fresh = page(written)
    except (OSError, ArchitectureError) as error:
        print(f"write_architecture: {error}", file=sys.stderr)
        return 2
    if check and fresh != written:
        name = PAGE.relative_to(ROOT)
        print(f"stale, run `make generate`:\n  {name}", file=sys.stderr)
        return 1
    if not check:
        PAGE.write_text(fresh, encoding="utf-8")
    return 0


def page(written: str) -> str:
    """Return the page with a fresh picture and a fresh table between their marks.

    Raises:
        ArchitectureError: a mark is missing, or a package has no docstring.
    """
    sections = {PICTURE: picture(contracts()), FOLDERS: folder_table(PACKAGE)}
    for name, lines in sections.items():
        written = _with_section(written, name, "\n".join(lines))
    return written


def contracts() -> Sequence[Contract]:
    """Return the import contracts of `pyproject.toml`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: Sequence[Contract] = project["tool"]["importlinter"]["contracts"]
    return found


def picture(found: Sequence[Contract]) -> Iterator[str]:
    """Yield a mermaid flowchart: a box for each folder, an arrow for each allowed direction.

    A folder may import every folder that its arrows lead to, directly or through others.
    """
    yield "```mermaid"
    yield "flowchart TD"
    for contract in found:
        if contract["type"] != "layers":
            continue
        for container in contract["containers"]:
            yield from _boxes_and_arrows(contract, container, found)
    yield "```"
    yield ""
    yield "`lint-imports` checks these contracts:"
    yield ""
    yield from (f"- {contract['name']}" for contract in found)


def allowed_imports(
    contract: Contract, container: str, found: Sequence[Contract]
) -> Mapping[str, frozenset[str]]:
    """Return for each folder of a layered container which others it may import.

    A folder may import what is in lower layers, unless one of the `forbidden` contracts says
    otherwise. Layers in parentheses do not exist yet and are left out.
    """
    layers = [_LAYER_MEMBER.findall(_NOT_BUILT.sub("", layer)) for layer in contract["layers"]]
    forbidden = {
        (source, target)
        for other in found
        if other["type"] == "forbidden"
        for source in other["source_modules"]
        for target in other["forbidden_modules"]
    }
    return {
        name: frozenset(
            lower
            for layer in layers[place + 1 :]
            for lower in layer
            if (f"{container}.{name}", f"{container}.{lower}") not in forbidden
        )
        for place, layer in enumerate(layers)
        for name in layer
    }


def folder_table(package: Path) -> Iterator[str]:
    """Yield a Markdown table: every folder with the first sentence of its docstring.

    Raises:
        ArchitectureError: a folder has no docstring, or one without a sentence.
    """
    yield "| folder | contents |"
    yield "|---|---|"
    for init in sorted(package.rglob("__init__.py"), key=lambda path: path.parent.parts):
        folder = init.parent
        name = folder.relative_to(package.parent).as_posix()
        yield f"| [`{name}`](../src/{name}) | {sentence(init)} |"


def sentence(module: Path) -> str:
    """Return the first sentence of a module's docstring.

    Raises:
        ArchitectureError: there is none.
    """
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    found = _FIRST_SENTENCE.match(docstring or "")
    if found is None:
        raise ArchitectureError(f"no sentence describes `{module.relative_to(ROOT)}`")
    return " ".join(found[0].split()).replace("|", "\\|")


def _boxes_and_arrows(
    contract: Contract, container: str, found: Sequence[Contract]
) -> Iterator[str]:
    """Yield the boxes of a container with arrows that do not repeat what others imply."""
    group = container.partition(".")[2]
    prefix = f"{group}_" if group else ""
    indent = "        " if group else "    "
    allowed = allowed_imports(contract, container, found)
    if group:
        yield f"    subgraph {group}"
        yield from (f"{indent}{prefix}{name}[{name}]" for name in allowed)
    yield from (f"{indent}{prefix}{name}" for name in contract.get("exhaustive_ignores", ()))
    for name, lower in allowed.items():
        implied = frozenset[str]().union(*(allowed[each] for each in lower))
        for other in allowed:
            if other in lower - implied:
                yield f"{indent}{prefix}{name} --> {prefix}{other}"
    if group:
        yield "    end"


def _with_section(text: str, name: str, content: str) -> str:
    begin = f"<!-- {name}: written by scripts/write_architecture.py -->\n"
    end = f"<!-- end of {name} -->\n"
    before, begin_found, rest = text.partition(begin)
    _, end_found, after = rest.partition(end)
    if not begin_found or not end_found:
        raise ArchitectureError(f"the marks of `{name}` are missing in `{PAGE.name}`")
    return f"{before}{begin}\n{content}\n\n{end}{after}"


if __name__ == "__main__":
    sys.exit(main())
