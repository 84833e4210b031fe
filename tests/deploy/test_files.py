"""All files: they parse, they name exact versions, and there is no secret in them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml

from .files import DEPLOY, ROOT, document, documents, services

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

YAML = sorted([*DEPLOY.rglob("*.yaml"), *DEPLOY.rglob("*.yml")])
SECRET = re.compile(r"password|passwd|token|secret|api_url|credential", re.IGNORECASE)
# A secret's name, its file, or a switch; what it may never be is the secret.
HARMLESS = re.compile(
    r"^(/run/secrets/|\./secrets/|(forgesyte-token|token|telemetry_token|False)$)"
    r"|^(grafana_admin_password|page_url|ticket_url|True|bearertokenauth)$"
)


def leaves(content: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Each value, with the key that it stands below where that one speaks of secrets."""
    if isinstance(content, dict):
        below = cast("dict[str, Any]", content)
        if set(below) == {"name", "value"}:  # Kubernetes' environment
            below = {below["name"]: below["value"]}
        for name, value in below.items():
            yield from leaves(value, name if SECRET.search(name) else key)
    elif isinstance(content, list):
        for value in cast("Iterable[Any]", content):
            yield from leaves(value, key)
    else:
        yield key, content


@pytest.mark.parametrize("path", YAML, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_file_is_yaml_without_a_key_said_twice(path: Path) -> None:
    class Strict(yaml.SafeLoader):
        pass

    def mapping(constructor: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"{path}:{node.start_mark.line + 1}"
        constructor.flatten_mapping(node)
        return constructor.construct_mapping(node)

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    assert list(yaml.load_all(path.read_text("utf-8"), Strict))


@pytest.mark.parametrize("path", YAML, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_no_file_holds_a_secret(path: Path) -> None:
    for content in documents(path.read_text("utf-8")):
        for key, value in leaves(content):
            if key and "dashboards" not in str(path):
                assert HARMLESS.match(str(value)), f"{key}: {value}"


def test_what_looks_like_a_secret_is_found() -> None:
    for said in ({"X_PASSWORD": "hunter2"}, [{"name": "X_PASSWORD", "value": "hunter2"}]):
        assert list(leaves({"environment": said})) == [("X_PASSWORD", "hunter2")]
    assert not HARMLESS.match("hunter2")


def test_secrets_that_were_made_stay_out_of_git() -> None:
    made = ["telemetry_token", "grafana_admin_password", "page_url", "ticket_url"]
    ignored = subprocess.run(
        ["git", "check-ignore", *(f"deploy/secrets/{name}" for name in made)],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    if ignored.returncode == 128:
        pytest.skip("not a checkout")
    assert ignored.stdout.split() == [f"deploy/secrets/{name}" for name in made]
    assert sorted(document("compose.yaml")["secrets"]) == sorted(made)


def images() -> Iterator[str]:
    for service in services().values():
        yield service["image"]
    for path in (DEPLOY / "kubernetes").glob("*.yaml"):
        for content in documents(path.read_text("utf-8")):
            pod = content.get("spec", {}).get("template", {}).get("spec", {})
            yield from (container["image"] for container in pod.get("containers", []))
    yield from re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)


def test_every_image_has_one_exact_version_everywhere() -> None:
    assert set(images()) == {
        "otel-forgesyte:0.1.0",
        "otel/opentelemetry-collector-contrib:0.159.0",
        "prom/prometheus:v3.14.0",
        "prom/alertmanager:v0.34.0",
        "grafana/grafana:13.2.3-ubuntu",
        "python:3.13.14-slim",
    }


def test_our_image_has_the_version_of_the_package() -> None:
    version = re.search(
        r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE
    )
    assert version
    assert f"otel-forgesyte:{version[1]}" in set(images())


def test_the_image_is_built_of_files_that_are_there_and_that_its_ignore_file_lets_in() -> None:
    text = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8")
    let_in = re.findall(r"^!(\S+)$", text, re.MULTILINE)
    for name in let_in:
        assert (ROOT / name).exists(), name
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (?!--from)(\S+) ", dockerfile, re.MULTILINE)
    assert copied == [".", "deploy/example/studio.py"]
    assert any(copied[1].startswith(f"{name}/") for name in let_in)
    assert dockerfile.index("USER 10001:10001") < dockerfile.index("CMD ")


def test_the_guide_makes_each_secret_where_compose_looks_for_it(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "deploying.md").read_text("utf-8")
    commands = guide.partition("```bash\n")[2].partition("```")[0]
    (tmp_path / "deploy" / "secrets").mkdir(parents=True)
    # By somebody whose files are nobody else's: containers read them as users of their own.
    asked = f"umask 077\n{commands}\npwd -P"
    ended = subprocess.run(["bash", "-euc", asked], cwd=tmp_path, check=True, capture_output=True)
    # Where it began: the commands that follow in the guide begin there as well.
    assert ended.stdout.decode().splitlines()[-1] == str(tmp_path.resolve())
    folder = tmp_path / "deploy" / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    for secret in document("compose.yaml")["secrets"].values():
        made = (folder.parent / secret["file"]).read_text("utf-8")
        assert (folder.parent / secret["file"]).stat().st_mode & 0o777 == 0o644
        # Kubernetes hands it to Prometheus as it is, and a header has no second line.
        assert made == made.strip()
        assert len(made) > 20
