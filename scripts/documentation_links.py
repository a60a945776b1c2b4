"""Hooks of MkDocs: the README becomes the first page, and links out of `docs/` become paths.

Other files of the repository are no pages of the site. That they exist is checked by
`tests/project/test_documentation.py`; links between pages are checked by MkDocs.
"""

import importlib
import os
import re
from pathlib import Path, PurePosixPath
from typing import Protocol

ROOT = Path(__file__).resolve().parent.parent
DOCS = PurePosixPath("docs")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")


class File(Protocol):
    """A file of MkDocs; `src_uri` is its path within `docs/`."""

    src_uri: str


class Page(Protocol):
    """A page of MkDocs."""

    file: File


class Files(Protocol):
    """The files of MkDocs."""

    def append(self, file: File) -> None:
        """Add a file."""
        ...


def on_files(files: Files, config: object) -> Files:
    """Add the README as the first page."""
    text = linked((ROOT / "README.md").read_text(encoding="utf-8"), PurePosixPath())
    generated = importlib.import_module("mkdocs.structure.files").File.generated
    files.append(generated(config, "index.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Replace the links of a page that lead out of `docs/`."""
    if page.file.src_uri == "index.md":
        return markdown
    return linked(markdown, DOCS / PurePosixPath(page.file.src_uri).parent)


def linked(text: str, folder: PurePosixPath) -> str:
    """Return a document that is in `folder` of the repository with links as the site has them.

    The README is a page in `docs/` there.
    """
    place = folder if folder.is_relative_to(DOCS) else DOCS

    def replaced(link: re.Match[str]) -> str:
        words, target = link.groups()
        path, mark, anchor = target.partition("#")
        if ":" in path or not path:
            return link[0]
        found = PurePosixPath(os.path.normpath(folder / path))
        if found == PurePosixPath("README.md"):
            found = DOCS / "index.md"
        if found.is_relative_to(DOCS) and found.suffix == ".md":
            return f"[{words}]({os.path.relpath(found, place)}{mark}{anchor})"
        return words if words.startswith("`") else f"`{found}`"

    return _LINK.sub(replaced, text)
