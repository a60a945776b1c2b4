"""The examples of deployment fit the service: its names, its ports, its times."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripts.write_descriptor_set import RULES, descriptor_set

from llmrouter.v1 import router_service_pb2
from routersvc.app.wire_formats import known_wire_formats
from routersvc.settings.loading import load_settings
from routersvc.settings.sections.server import DrainSection, KeepaliveSection, ServerSection

ROOT = Path(__file__).resolve().parents[3]
SERVICE: str = router_service_pb2.DESCRIPTOR.services_by_name["RouterService"].full_name
PACKAGE: str = router_service_pb2.DESCRIPTOR.package
END = 1.0
"""Seconds that the last stage of a drain may take."""

_TYPE = re.compile(r"type\.googleapis\.com/envoy(\.[a-z0-9_]+)+\.v3\.[A-Z]\w+")


def kubernetes() -> dict[str, Any]:
    """Return the Kubernetes objects by their kind."""
    text = (ROOT / "deploy/kubernetes/base/router.yaml").read_text(encoding="utf-8")
    documents = list(yaml.safe_load_all(text))
    assert all({"apiVersion", "kind", "metadata"} <= document.keys() for document in documents)
    return {document["kind"]: document for document in documents}


def envoy() -> Any:  # noqa: ANN401 - any shape of YAML
    """Return Envoy's bootstrap."""
    return yaml.safe_load((ROOT / "deploy/envoy/envoy.yaml").read_text(encoding="utf-8"))


def seconds(text: str) -> float:
    """Return a duration of protobuf's JSON in seconds."""
    assert re.fullmatch(r"\d+(\.\d+)?s", text)
    return float(text[:-1])


def test_kubernetes_objects_fit_together() -> None:
    """A selector that selects nothing is found only when nobody answers."""
    objects = kubernetes()
    deployment = objects["Deployment"]["spec"]
    pod = deployment["template"]
    (container,) = pod["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}

    assert deployment["selector"]["matchLabels"] == pod["metadata"]["labels"]
    assert objects["Service"]["spec"]["selector"] == pod["metadata"]["labels"]
    assert objects["Service"]["spec"]["clusterIP"] == "None"
    assert {port["targetPort"] for port in objects["Service"]["spec"]["ports"]} == ports.keys()
    assert objects["PodDisruptionBudget"]["spec"]["selector"] == deployment["selector"]
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes.keys()
    assert volumes["settings"]["configMap"]["name"] == objects["ConfigMap"]["metadata"]["name"]
    assert ports == {"grpc": 50051, "metrics": 9464}
    assert container["args"][-1] == "/etc/router/settings/router.yaml"
    assert not [mount for mount in container["volumeMounts"] if "subPath" in mount]
    scaler = objects["HorizontalPodAutoscaler"]["spec"]
    assert scaler["scaleTargetRef"]["name"] == objects["Deployment"]["metadata"]["name"]
    assert scaler["metrics"][0]["resource"]["name"] in container["resources"]["requests"]
    policy = objects["NetworkPolicy"]["spec"]
    assert policy["podSelector"] == deployment["selector"]
    assert {rule["ports"][0]["port"] for rule in policy["ingress"]} == ports.keys()


def test_kubernetes_probes_ask_what_they_should() -> None:
    """Readiness asks for health, life does not; both on the port of the calls."""
    pod = kubernetes()["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    ready, alive = container["readinessProbe"], container["livenessProbe"]
    drain = DrainSection()

    assert ready["grpc"] == {"port": 50051, "service": SERVICE}
    assert alive.keys() == {"tcpSocket", "periodSeconds"}
    assert alive["tcpSocket"] == {"port": 50051}
    assert ready["periodSeconds"] * ready["failureThreshold"] < drain.notice_delay
    patience = pod["terminationGracePeriodSeconds"]
    assert patience >= drain.notice_delay + drain.grace + END


@pytest.mark.parametrize("overlay", ["base", "production"])
def test_kubernetes_settings_are_settings(overlay: str, tmp_path: Path) -> None:
    """The router that starts with them listens where the pod says."""
    text: str = kubernetes()["ConfigMap"]["data"]["router.yaml"]
    if overlay == "production":
        text = (ROOT / "deploy/kubernetes/production/router.yaml").read_text(encoding="utf-8")
    file = tmp_path / "router.yaml"
    for name in ("openai", "anthropic"):
        (tmp_path / name).write_text("a made-up key", encoding="utf-8")
    file.write_text(text.replace("/etc/router/secrets", str(tmp_path)), encoding="utf-8")

    settings = load_settings(file, environment={}, known_wire_formats=known_wire_formats())

    assert [str(address) for address in settings.server.listen] == ["0.0.0.0:50051"]
    assert str(settings.document.telemetry.prometheus.listen) == "0.0.0.0:9464"


def test_envoy_checks_health_and_speaks_http2() -> None:
    """The cluster of the routes exists, is asked for the service's health, and gets no HTTP/1."""
    resources = envoy()["static_resources"]
    (cluster,) = resources["clusters"]
    (listener,) = resources["listeners"]
    (chain,) = listener["filter_chains"]
    (manager,) = [entry["typed_config"] for entry in chain["filters"]]
    (host,) = manager["route_config"]["virtual_hosts"]
    (check,) = cluster["health_checks"]
    (protocol,) = cluster["typed_extension_protocol_options"].values()

    assert cluster["load_assignment"]["cluster_name"] == cluster["name"]
    assert check["grpc_health_check"] == {"service_name": SERVICE}
    noticed = seconds(check["interval"]) * check["unhealthy_threshold"] + seconds(check["timeout"])
    assert noticed < DrainSection().notice_delay
    http2 = protocol["explicit_http_config"]["http2_protocol_options"]
    pings = seconds(http2["connection_keepalive"]["interval"])
    assert pings >= KeepaliveSection().min_recv_ping_interval_without_data
    prefixes = [route["match"]["prefix"] for route in host["routes"]]
    assert prefixes == [f"/{PACKAGE}.", "/grpc.health.v1.Health/", "/grpc.reflection."]
    for route in host["routes"]:
        assert route["route"]["cluster"] == cluster["name"]
        assert route["route"]["timeout"] == "0s"
        assert "retry_policy" not in route["route"]
    assert manager["stream_idle_timeout"] == "0s"
    assert manager["http_filters"][-1]["name"] == "envoy.filters.http.router"


def test_envoy_ejects_replicas_for_their_connections_alone() -> None:
    """An outage of a provider is `UNAVAILABLE` at every replica and must not eject them."""
    (cluster,) = envoy()["static_resources"]["clusters"]
    detection = cluster["outlier_detection"]

    assert detection["split_external_local_origin_errors"] is True
    enforced = {name: value for name, value in detection.items() if name.startswith("enforcing")}
    assert len(enforced) == 4
    assert {*enforced.values()} == {0}


def test_envoy_translates_every_method() -> None:
    """The descriptor set has all services of the contract, and each method has a path."""
    (listener,) = envoy()["static_resources"]["listeners"]
    (manager,) = [entry["typed_config"] for entry in listener["filter_chains"][0]["filters"]]
    (transcoder,) = [
        each["typed_config"]
        for each in manager["http_filters"]
        if each["name"] == "envoy.filters.http.grpc_json_transcoder"
    ]
    methods = {
        f"{PACKAGE}.{found.name}": [method.name for method in found.method]
        for file in descriptor_set().file
        for found in file.service
    }

    assert transcoder["services"] == sorted(methods, reverse=True)
    assert {name for names in methods.values() for name in names} == RULES.keys()
    assert transcoder["max_request_body_size"] == ServerSection().max_message_bytes
    assert transcoder["max_response_body_size"] == ServerSection().max_message_bytes


def test_envoy_names_its_types() -> None:
    """Every extension says what it is, in the third version of the API, the only one there is."""
    text = (ROOT / "deploy/envoy/envoy.yaml").read_text(encoding="utf-8")

    found: list[str] = re.findall(r'"@type": (\S+)', text)

    assert len(found) == 4
    assert [name for name in found if _TYPE.fullmatch(name) is None] == []


@pytest.mark.parametrize("file", ["README.md"])
def test_links_lead_somewhere(file: str) -> None:
    """A dead link is where a newcomer turns around."""
    text = (ROOT / "deploy" / file).read_text(encoding="utf-8")

    targets = re.findall(r"\]\(([^)#:]+)\)", text)

    assert targets
    assert [target for target in targets if not (ROOT / "deploy" / target).exists()] == []
