"""Fixtures for all tests: recorded provider traffic, pinned programs, profiles of hypothesis.

A test whose fixture needs something that is not installed is skipped; with `CI` set it fails, so
that no test is lost unseen.
"""

import gc
import os
from collections.abc import Generator
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest
from tests.wording import Wording, WordingFile

ROOT = Path(__file__).resolve().parent.parent
_WORDING = pytest.StashKey[WordingFile]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option with which `make wording` rewrites the golden file of sentences."""
    parser.addoption("--write-wording", action="store_true", help="write tests/wording.yaml anew")


def pytest_configure(config: pytest.Config) -> None:
    """Register the profiles of hypothesis and choose `quick` unless the command line names one.

    Processes that tests start keep their bytecode: to compile the sources again costs each of them
    half a second of CPU.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    config.stash[_WORDING] = WordingFile(writing=bool(config.getoption("--write-wording")))
    _register_profiles()
    hypothesis.settings.load_profile("quick")


def _register_profiles() -> None:
    """Register how many examples a property gets; no test sets `max_examples` itself.

    No limit is in real time, so that a busy machine fails no property. `quick` is for `make test`
    and repeats the same examples with `CI` set; `thorough` is for `make verify`; `mutations`, for
    `make mutants`, does not shrink, because the counterexample of a mutant is not read.
    """
    too_slow = hypothesis.HealthCheck.too_slow
    register = hypothesis.settings.register_profile
    register(
        "quick",
        max_examples=25,
        deadline=None,
        suppress_health_check=[too_slow],
        derandomize=_in_ci(),
        print_blob=True,
    )
    register(
        "thorough",
        max_examples=1_000,
        deadline=None,
        suppress_health_check=[too_slow],
        print_blob=True,
    )
    register(
        "mutations",
        max_examples=25,
        deadline=None,
        suppress_health_check=[too_slow],
        derandomize=True,
        database=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None]:
    """Exempt what is imported and collected from garbage collection: it stays until the end.

    Otherwise every full collection looks through a million objects that are no garbage, and the
    tests that count garbage ask for hundreds of them.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the golden file if `--write-wording` was given."""
    file = session.config.stash[_WORDING]
    if file.writing:
        file.save(ROOT)


@pytest.fixture
def wording(request: pytest.FixtureRequest) -> Wording:
    """Compares sentences with the golden file, `tests/wording.yaml`."""
    return request.config.stash[_WORDING].of(request.node.nodeid)


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether this run, `make verify`, may take hours."""
    profile: str | None = request.config.getoption("--hypothesis-profile")
    return profile == "thorough"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded provider traffic: `ROUTERSVC_SHARED`, else beside the project."""
    folder = Path(os.environ.get("ROUTERSVC_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        _miss(f"no recorded traffic in `{folder}`: set ROUTERSVC_SHARED")
    return folder


@pytest.fixture(scope="session")
def grpcurl() -> Path:
    """The path of grpcurl."""
    return _program("grpcurl")


@pytest.fixture(scope="session")
def grpc_health_probe() -> Path:
    """The path of grpc-health-probe."""
    return _program("grpc-health-probe")


@pytest.fixture(scope="session")
def grpc_interop_client() -> Path:
    """The path of grpc-go's client of the interop test cases."""
    return _program("grpc-interop-client")


@pytest.fixture(scope="session")
def h2spec() -> Path:
    """The path of h2spec, which holds an HTTP/2 server to RFC 9113 and RFC 7541."""
    return _program("h2spec")


@pytest.fixture(scope="session")
def protoc_plugins() -> None:
    """Requires buf and the plugins that generate the clients."""
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
