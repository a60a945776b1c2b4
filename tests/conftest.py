"""The rig of the tests: the recorded traffic of the providers, pinned programs, hypothesis.

What is absent skips a test locally and fails it where `CI` is set, so that no test is lost unseen.
"""

import os
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest
from tests.wording import Wording, WordingFile

ROOT = Path(__file__).resolve().parent.parent
_WORDING = pytest.StashKey[WordingFile]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch with which `make wording` writes the golden file of sentences."""
    parser.addoption("--write-wording", action="store_true", help="write tests/wording.yaml anew")


def pytest_configure(config: pytest.Config) -> None:
    """Let properties run without a clock, and alike on every run where `CI` is set."""
    config.stash[_WORDING] = WordingFile(writing=config.getoption("--write-wording"))
    hypothesis.settings.register_profile(
        "routersvc", deadline=None, derandomize=_in_ci(), print_blob=True
    )
    hypothesis.settings.load_profile("routersvc")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the golden file where that was asked for."""
    file = session.config.stash[_WORDING]
    if file.writing:
        file.save(ROOT)


@pytest.fixture
def wording(request: pytest.FixtureRequest) -> Wording:
    """Holds sentences against the golden file, `tests/wording.yaml`."""
    return request.config.stash[_WORDING].of(request.node.nodeid)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded provider traffic: `ROUTERSVC_SHARED`, else beside the project."""
    folder = Path(os.environ.get("ROUTERSVC_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        _miss(f"no recorded traffic in `{folder}`: set ROUTERSVC_SHARED")
    return folder


@pytest.fixture(scope="session")
def grpcurl() -> Path:
    """The program that calls a gRPC server by reflection."""
    return _program("grpcurl")


@pytest.fixture(scope="session")
def grpc_health_probe() -> Path:
    """The program with which orchestrators ask for the health of a gRPC server."""
    return _program("grpc-health-probe")


@pytest.fixture(scope="session")
def grpc_interop_client() -> Path:
    """grpc-go's own client of the interop cases."""
    return _program("grpc-interop-client")


@pytest.fixture(scope="session")
def protoc_plugins() -> None:
    """Buf and what it generates the clients with."""
    for name in ("buf", "protoc", "protoc-gen-go", "protoc-gen-go-grpc", "protoc-gen-grpc-java"):
        _program(name)


def _program(name: str) -> Path:
    path = ROOT / ".tools/bin" / name
    if not path.exists():
        _miss(f"`{name}` is not built: install Go and run `make tools`")
    return path


def _miss(reason: str) -> NoReturn:
    if _in_ci():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _in_ci() -> bool:
    return bool(os.environ.get("CI"))
