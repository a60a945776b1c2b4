"""Loads a settings file, all or nothing.

    text ─▶ plain data with places ─▶ sections ─▶ checks ─▶ secrets ─▶ `Settings`

Each step adds its problems to one list and continues with what the steps before could read, so that
an operator sees all problems at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from routersvc.settings.access_files import AccessReader
from routersvc.settings.checks.coherence import check_coherence
from routersvc.settings.checks.references import check_references
from routersvc.settings.document import SettingsDocument
from routersvc.settings.endpoints import Reader
from routersvc.settings.problems import SettingsError
from routersvc.settings.reading import Sections, read_sections
from routersvc.settings.settings import Settings
from routersvc.settings.source.plain_data import PlainData
from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.source.yaml_source import YamlDocument, read_yaml
from routersvc.settings.wire_formats import WireFormat


def load_settings(
    path: Path,
    *,
    environment: Mapping[str, str],
    known_wire_formats: Mapping[str, WireFormat],
) -> Settings:
    """Read and validate a settings file, and resolve its secrets.

    `env:` references are looked up in `environment`; `file:` references and other paths are
    relative to the folder of the settings file.

    Raises:
        SettingsError: the file is invalid; lists all of its problems.
    """
    return settings_of(
        read_yaml(path),
        folder=path.parent,
        environment=environment,
        known_wire_formats=known_wire_formats,
    )


def settings_of(
    source: YamlDocument,
    *,
    folder: Path,
    environment: Mapping[str, str],
    known_wire_formats: Mapping[str, WireFormat],
) -> Settings:
    """Validate a parsed file and resolve its secrets; paths are relative to `folder`.

    Raises:
        SettingsError: the settings are invalid; lists all problems.
    """
    problems = ProblemList(source)
    sections = read_sections(source, problems)
    check_references(PlainData(source.content), known_wire_formats, problems)
    check_coherence(sections, source, problems)
    reader = Reader(environment, folder, problems)
    access = AccessReader(folder, problems)
    settings = _resolved(sections, source, reader, access, known_wire_formats)
    if settings is None or problems.problems:
        raise SettingsError(problems.problems)
    return settings


def _resolved(
    sections: Sections,
    source: YamlDocument,
    reader: Reader,
    access: AccessReader,
    wire_formats: Mapping[str, WireFormat],
) -> Settings | None:
    """Resolve the secrets of all sections; `None` if a section is invalid."""
    endpoints = {
        name: reader.endpoint(name, provider, wire_formats)
        for name, provider in sections.providers.items()
        if provider is not None
    }
    tracing_headers = (
        {}
        if sections.telemetry is None
        else reader.headers(("telemetry", "tracing", "headers"), sections.telemetry.tracing.headers)
    )
    api_keys = reader.api_keys(
        {name: tenant for name, tenant in sections.tenants.items() if tenant is not None}
    )
    server, authentication = sections.server, sections.authentication
    certificate = access.certificate(None if server is None else server.tls)
    issuers = access.issuers(() if authentication is None else authentication.tokens.items())
    if sections.document is None:
        return None
    return Settings(
        file=source.file,
        document=sections.document,
        digest=_digest(sections.document),
        endpoints=endpoints,
        tracing_headers=tracing_headers,
        api_keys=api_keys,
        wire_formats=wire_formats,
        certificate=certificate,
        token_issuers=issuers,
        files=reader.files | dict.fromkeys(access.files, ""),
    )


def _digest(document: SettingsDocument) -> str:
    """Return a hash of the settings with defaults, and with secrets by reference.

    The order of names counts, because policies that list `models` depend on it.
    """
    content = json.dumps(document.model_dump(mode="json"), separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()
