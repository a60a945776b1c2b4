"""Kubernetes accepts what kustomize renders: every object is held against its published schema."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
KUSTOMIZE = ROOT / ".tools/bin/kustomize"
OLDEST, NEWEST = "1.31", "1.37"
"""Versions of Kubernetes whose schemas the objects are held against."""


def render(folder: str) -> list[dict[str, Any]]:
    """Return the objects that an overlay renders to."""
    if not KUSTOMIZE.exists():
        reason = "`kustomize` is not built: install Go and run `make tools`"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    printed = subprocess.run(
        [KUSTOMIZE, "build", ROOT / "deploy/kubernetes" / folder],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return list(yaml.safe_load_all(printed))


def pod(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the pod of the Deployment."""
    (deployment,) = [each for each in objects if each["kind"] == "Deployment"]
    specification: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return specification


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_objects_fit_their_schemas(version: str) -> None:
    """Unknown keys are errors; kinds of the Prometheus Operator have no schema there."""
    schemas = pytest.importorskip("kubernetes_validate")
    objects = [each for each in render("production") if each["kind"] != "ServiceMonitor"]

    assert len(objects) == 7
    for each in objects:
        schemas.validate(each, version, strict=True)


def test_misspelt_keys_are_found() -> None:
    """The check above would find a key that does not exist."""
    schemas = pytest.importorskip("kubernetes_validate")
    objects = render("base")
    (deployment,) = [each for each in objects if each["kind"] == "Deployment"]
    pod(objects)["containers"][0]["readinesProbe"] = {}

    with pytest.raises(schemas.ValidationError, match="readinesProbe"):
        schemas.validate(deployment, NEWEST, strict=True)


def test_overlay_changes_what_it_says() -> None:
    """Namespace, image by digest, settings under the name that the pod mounts, monitoring."""
    base, production = render("base"), render("production")
    settings = (ROOT / "deploy/kubernetes/production/router.yaml").read_text("utf-8")

    assert {each["metadata"]["namespace"] for each in production} == {"llm"}
    assert "@sha256:" in pod(production)["containers"][0]["image"]
    (mapped,) = [each for each in production if each["kind"] == "ConfigMap"]
    assert mapped["metadata"]["name"] == "router-settings"
    assert mapped["data"] == {"router.yaml": settings}
    kinds = {each["kind"] for each in base}
    assert {each["kind"] for each in production} - kinds == {"ServiceMonitor"}


def test_scraped_port_is_one_of_the_service() -> None:
    """The ServiceMonitor selects the Service by its labels, and names its port."""
    objects = {each["kind"]: each for each in render("production")}
    service, monitor = objects["Service"], objects["ServiceMonitor"]["spec"]

    assert monitor["selector"]["matchLabels"] == service["metadata"]["labels"]
    ports = {port["name"] for port in service["spec"]["ports"]}
    assert {endpoint["port"] for endpoint in monitor["endpoints"]} <= ports


def test_pod_may_do_nothing_but_serve() -> None:
    """As the `restricted` standard for pods demands, with a root that cannot be written."""
    specification = pod(render("base"))
    (container,) = specification["containers"]

    assert specification["securityContext"]["runAsNonRoot"] is True
    assert specification["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert specification["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
