"""Service and client as people install them: from their wheels, with nothing of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from tests.integration.installation.installed import (
    SETTINGS,
    bare_root,
    build_wheels,
    built_as_image,
    installed,
    output,
    serving,
)

pytestmark = pytest.mark.timeout(1800)  # installs and copies some hundred megabytes

CALL = """
import sys
from llmrouter import RouterClient
from llmrouter.v1.catalogue_service_pb2 import ListModelsRequest
with RouterClient(sys.argv[1], plaintext=True) as client:
    print(len(client.models(ListModelsRequest()).models))
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of service and client."""
    folder = tmp_path_factory.mktemp("wheels")
    build_wheels(folder)
    return folder


@pytest.fixture(scope="module")
def service(wheels: Path, tmp_path_factory: pytest.TempPathFactory, *, thorough: bool) -> Path:
    """The programs of an environment with the service and what it requires."""
    if not thorough:
        pytest.skip("takes packages from the index: `make verify` runs it")
    return installed(tmp_path_factory.mktemp("service"), wheels, "routersvc")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file, readable for all."""
    file = tmp_path / "router.yaml"
    file.write_text(SETTINGS, encoding="utf-8")
    return file


def metadata(folder: Path, name: str) -> tuple[Message, set[str]]:
    """Return the metadata of the wheel `name` and the names of its files."""
    (wheel,) = folder.glob(f"{name}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (described,) = [each for each in names if each.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(described)), names


@pytest.mark.slow
def test_wheels_belong_together_and_are_whole(wheels: Path) -> None:
    """The service requires the client of its own version; data files are in the wheels too."""
    service, service_files = metadata(wheels, "routersvc")
    client, client_files = metadata(wheels, "llmrouter_client")

    requirements = service.get_all("Requires-Dist", [])
    assert service["Version"] == client["Version"]
    assert f"llmrouter-client=={client['Version']}" in requirements
    assert service["Requires-Python"] == client["Requires-Python"]
    assert not [each for each in requirements if " @ " in each]
    root = Path(__file__).resolve().parents[3]
    listing = (shutil.which("git") or "git", "ls-files")
    for folder, files in (
        (root / "src", service_files),
        (root / "clients/python/src", client_files),
    ):
        tracked = subprocess.run(
            listing,
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        assert set(tracked) - files == set()


@pytest.mark.slow
def test_service_of_the_wheel_serves(service: Path, settings: Path) -> None:
    """Every command finds its modules and data files in the wheel."""
    serve = (service / "routersvc", "serve", "--config", settings, "--json")

    assert re.fullmatch(r"routersvc \d+\.\d+\.\d+\n", output([service / "routersvc", "--version"]))
    with serving(serve) as address:
        output([service / "routersvc", "health", "--serving", "--address", address])
        explained = output([service / "routersvc", "explain", "hi", "--address", address])
    assert "alpha-large" in explained


@pytest.mark.slow
def test_client_of_the_wheel_calls(
    service: Path, wheels: Path, settings: Path, tmp_path: Path
) -> None:
    """The client alone requires nothing of the service."""
    client = installed(tmp_path / "client", wheels, "llmrouter-client")

    packages = output([client / "python", "-m", "pip", "list", "--format=freeze"])
    with serving([service / "routersvc", "serve", "--config", settings, "--json"]) as address:
        models = output([client / "python", "-c", CALL, address])

    assert "routersvc" not in packages
    assert models == "1\n"


@pytest.mark.slow
def test_image_serves_in_a_bare_root(tmp_path: Path, settings: Path, *, thorough: bool) -> None:
    """What the Containerfile builds runs without a shell, other programs, `/etc`, or a write."""
    if not thorough:
        pytest.skip("takes packages from the index: `make verify` runs it")
    service = built_as_image(tmp_path)
    packages = {each.name.partition("-")[0] for each in service.parent.rglob("*.dist-info")}
    root = bare_root(tmp_path / "root", service.parent)
    (root / "router.yaml").write_text(settings.read_text("utf-8"), encoding="utf-8")
    # The programs' first line names the interpreter, which is at the same path in the root.
    program = [service / "python", service / "routersvc"]

    with serving([*program, "serve", "--config", "/router.yaml", "--json"], root=root) as address:
        output([*program, "health", "--serving", "--address", address], root=root)

    assert {"routersvc", "llmrouter_client"} <= packages
    assert {"pip", "hatchling", "editables"} & packages == set()
    assert not (root / "bin").exists()
    assert not (root / "etc").exists()
