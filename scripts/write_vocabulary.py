"""Write `o200k_base.vocabulary.zlib`, the vocabulary that the service ships.

The vocabulary is OpenAI's o200k_base. tiktoken downloads it at run time, which a service behind a
firewall cannot; the npm package js-tiktoken (MIT) carries the same ranks. What comes out is held
against the SHA-256 by which tiktoken itself knows the vocabulary, so that nothing but the original
can end up in the package.
"""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import zlib

PACKAGE = "js-tiktoken@1.0.21"
MEMBER = "package/dist/ranks/o200k_base.js"
RANKS_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
"""Of `o200k_base.tiktoken`, as tiktoken's `openai_public.py` expects it."""

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "src/routersvc/tokenizer/o200k_base.vocabulary.zlib"
_RANKS = re.compile(r'"bpe_ranks":("(?:[^"\\]|\\.)*")')


def main() -> None:
    """Fetch, check and write."""
    tokens = _tokens(_ranks())
    listing = "".join(
        f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in enumerate(tokens)
    )
    digest = hashlib.sha256(listing.encode()).hexdigest()
    if digest != RANKS_SHA256:
        sys.exit(f"the ranks of {PACKAGE} are not those of o200k_base: {digest}")
    lengths = bytes(len(token) for token in tokens)
    OUTPUT.write_bytes(zlib.compress(lengths + b"".join(tokens), 9))
    print(f"{len(tokens):,} tokens, {OUTPUT.stat().st_size:,} bytes: {OUTPUT.relative_to(ROOT)}")


def _ranks() -> str:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", PACKAGE, "--silent", "--pack-destination", folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = pathlib.Path(folder).glob("*.tgz")
        with tarfile.open(archive) as files:
            member = files.extractfile(MEMBER)
            if member is None:
                sys.exit(f"{PACKAGE} holds no {MEMBER}")
            found = _RANKS.search(member.read().decode())
    if found is None:
        sys.exit(f"{MEMBER} holds no ranks")
    ranks: str = json.loads(found[1])
    return ranks


def _tokens(ranks: str) -> list[bytes]:
    """Return the tokens by rank; a line is a mark, the first rank, then tokens in base64."""
    tokens: list[bytes] = []
    for line in ranks.splitlines():
        _, first, *encoded = line.split(" ")
        if int(first) != len(tokens):
            sys.exit(f"ranks are missing before {first}")
        tokens.extend(base64.b64decode(token) for token in encoded)
    return tokens


if __name__ == "__main__":
    main()
