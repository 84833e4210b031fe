"""The manifests: against Kubernetes' own schemas, and against each other."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
import yaml

from .files import DEPLOY, checker, document, documents

MANIFESTS = [
    content
    for name in document("kustomization.yaml")["resources"]
    for content in documents((DEPLOY / name).read_text("utf-8"))
]
WORKLOADS = [each for each in MANIFESTS if each["kind"] in {"Deployment", "StatefulSet"}]
MONITORS = [each for each in MANIFESTS if each["kind"] == "ServiceMonitor"]
OPERATOR = "monitoring.coreos.com/v1"


def named(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def rules() -> dict[str, Any]:
    script = DEPLOY / "kubernetes" / "rules.sh"
    printed = subprocess.run(["sh", script], capture_output=True, check=True).stdout
    rule: dict[str, Any] = yaml.safe_load(printed)
    return rule


@pytest.mark.parametrize(
    "manifest", [each for each in MANIFESTS if each["apiVersion"] != OPERATOR], ids=named
)
def test_kubernetes_allows_every_key(manifest: dict[str, Any]) -> None:
    checker("kubernetes_validate").validate(manifest, "1.37", strict=True)


def test_its_schemas_are_really_asked() -> None:
    kubernetes = checker("kubernetes_validate")
    wrong = yaml.safe_load(yaml.safe_dump(WORKLOADS[0]))
    wrong["spec"]["template"]["spec"]["runAsNonRoot"] = True
    with pytest.raises(kubernetes.ValidationError, match="runAsNonRoot"):
        kubernetes.validate(wrong, "1.37", strict=True)


@pytest.mark.parametrize("manifest", [*MONITORS, rules()], ids=named)
def test_the_prometheus_operator_allows_every_key(manifest: dict[str, Any]) -> None:
    model = getattr(checker("cloudcoil.models.prometheus_operator.v1"), manifest["kind"])
    understood = model.model_validate(manifest)
    # Its models drop what they do not know: so what comes back is compared with what was said.
    back = understood.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert back == manifest


def test_kustomize_builds_them_with_the_collector_and_the_dashboards() -> None:
    # Debian's package is of 1.20, which does not know the files' fields: nobody has to install it.
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    built = subprocess.run(
        [kubectl, "kustomize", str(DEPLOY)], capture_output=True, encoding="utf-8", check=False
    )
    assert built.returncode == 0, built.stderr
    found = {named(each): each for each in documents(built.stdout)}
    assert len(found) == len(MANIFESTS) + 2
    assert all(
        each["metadata"].get("namespace", "forgesyte") == "forgesyte" for each in found.values()
    )
    boards = found["ConfigMap/forgesyte-dashboards"]
    there = {path.name for path in (DEPLOY / "grafana/dashboards/prometheus").glob("*.json")}
    assert set(boards["data"]) == there
    mounted = found["Deployment/collector"]["spec"]["template"]["spec"]["volumes"][0]
    assert f"ConfigMap/{mounted['configMap']['name']}" in found


@pytest.mark.parametrize("workload", WORKLOADS, ids=named)
def test_no_pod_may_more_than_the_restricted_standard(workload: dict[str, Any]) -> None:
    pod = workload["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]) == {"requests", "limits"}
        assert "readinessProbe" in container


@pytest.mark.parametrize("workload", WORKLOADS, ids=named)
def test_selectors_ports_and_volumes_fit(workload: dict[str, Any]) -> None:
    template = workload["spec"]["template"]
    labels = template["metadata"]["labels"]
    assert workload["spec"]["selector"]["matchLabels"].items() <= labels.items()
    pod = template["spec"]
    claims = workload["spec"].get("volumeClaimTemplates", [])
    volumes = {each["name"] for each in pod["volumes"]}
    volumes |= {each["metadata"]["name"] for each in claims}
    (container,) = pod["containers"]
    assert {each["name"] for each in container["volumeMounts"]} == volumes
    ports = {each["name"] for each in container["ports"]}
    (service,) = (
        each
        for each in MANIFESTS
        if each["kind"] == "Service" and each["spec"]["selector"].items() <= labels.items()
    )
    assert {each["targetPort"] for each in service["spec"]["ports"]} <= ports


@pytest.mark.parametrize("monitor", MONITORS, ids=named)
def test_a_service_monitor_finds_services_with_its_port(monitor: dict[str, Any]) -> None:
    selector = monitor["spec"]["selector"]
    wanted = [*selector.get("matchLabels", {}).values()]
    wanted += [name for each in selector.get("matchExpressions", []) for name in each["values"]]
    found = {
        each["metadata"]["name"]: {port["name"] for port in each["spec"]["ports"]}
        for each in MANIFESTS
        if each["kind"] == "Service"
        and each["metadata"]["labels"]["app.kubernetes.io/name"] in wanted
    }
    assert set(found) == set(wanted)
    for endpoint in monitor["spec"]["endpoints"]:
        assert all(endpoint["port"] in ports for ports in found.values())


def test_the_rules_for_the_operator_are_those_for_prometheus() -> None:
    groups = [
        group
        for path in sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
    ]
    assert rules()["spec"]["groups"] == groups
