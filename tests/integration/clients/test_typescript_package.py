"""The TypeScript client by the compiler and by Node, as it would be published."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # builds take minutes on a busy machine

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "clients/typescript"
SERVICE_CONFIG = ROOT / "clients/service_config.json"
PATIENCE = 600

SCRIPTS = {
    "told.cjs": """
        const { RouterClient, serviceConfig, version } = require("@routersvc/llmrouter-client");
        const { Role } = require("@routersvc/llmrouter-client/v1");
        new RouterClient("localhost:1").close();
        console.log(JSON.stringify({ serviceConfig, version, user: Role.USER }));
    """,
    "told.mjs": """
        import { RouterClient, serviceConfig, version } from "@routersvc/llmrouter-client";
        import { Role } from "@routersvc/llmrouter-client/v1";
        new RouterClient("localhost:1").close();
        console.log(JSON.stringify({ serviceConfig, version, user: Role.USER }));
    """,
}


def run(path: str, folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command with node on its search path."""
    return subprocess.run(
        command,
        cwd=folder,
        check=False,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A folder in which the package is installed."""
    link = tmp_path / "node_modules/@routersvc/llmrouter-client"
    link.parent.mkdir(parents=True)
    link.symlink_to(PACKAGE)
    return tmp_path


def test_own_tests_pass(typescript: str) -> None:
    """What only a program of the language can see: loops that are left, signals, tokens."""
    tested = run(typescript, PACKAGE, "npm", "test", "--silent")

    assert tested.returncode == 0, tested.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_both_kinds_of_modules_hold_everything(
    typescript: str, stranger: Path, script: str
) -> None:
    """A package that one of them cannot load shuts out half of its users."""
    (stranger / script).write_text(SCRIPTS[script], encoding="utf-8")

    told = run(typescript, stranger, "node", script)

    assert told.returncode == 0, told.stdout
    assert json.loads(told.stdout) == {
        "serviceConfig": SERVICE_CONFIG.read_text(encoding="utf-8"),
        "version": "0.1.0",
        "user": 3,
    }


@pytest.mark.parametrize("suffix", ["mts", "cts"])
def test_readme_is_typescript(typescript: str, stranger: Path, suffix: str) -> None:
    """The types stand beside both kinds of modules and fit the code that people copy."""
    readme = (PACKAGE / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```js\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    if suffix == "cts":
        # CommonJS has no `await` outside functions.
        head, tail = code.split("const router", 1)
        code = f"{head}async function main(): Promise<void> {{ const router{tail} }} void main();"
    (stranger / f"ask.{suffix}").write_text(code, encoding="utf-8")
    types = PACKAGE / "node_modules/@types"

    compiled = run(
        typescript,
        stranger,
        PACKAGE / "node_modules/.bin/tsc",
        *("--strict", "--noEmit", "--target", "es2022", "--module", "nodenext"),
        *("--types", "node", "--typeRoots", types, f"ask.{suffix}"),
    )

    assert compiled.returncode == 0, compiled.stdout


def test_package_holds_what_its_users_need(typescript: str) -> None:
    """Both builds with their types, the licence and the README; no driver and no tests."""
    packed = run(typescript, PACKAGE, "npm", "pack", "--dry-run", "--json", "--silent")
    (package,) = json.loads(packed.stdout[packed.stdout.index("[") :])
    names = {file["path"] for file in package["files"]}

    assert (package["name"], package["version"]) == ("@routersvc/llmrouter-client", "0.1.0")
    assert {
        "LICENSE",
        "README.md",
        "dist/cjs/index.d.ts",
        "dist/cjs/index.js",
        "dist/cjs/package.json",
        "dist/esm/index.d.ts",
        "dist/esm/index.js",
    } <= names
    assert not [name for name in names if "conformance" in name or "test" in name]
    assert (PACKAGE / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_every_message_is_exported() -> None:
    """A proto that was added is one line in `v1.ts`."""
    generated = {path.stem for path in (PACKAGE / "src/llmrouter/v1").glob("*_pb.ts")}
    exports = (PACKAGE / "src/v1.ts").read_text(encoding="utf-8")

    assert set(re.findall(r'"\./llmrouter/v1/(\w+)\.js"', exports)) == generated
