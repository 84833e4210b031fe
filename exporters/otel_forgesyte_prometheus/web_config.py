"""Prometheus' web configuration file: TLS, client certificates, users, headers, a rate.

The format is the one that Prometheus and its exporters share, so that one file serves them all:
https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md. As there, an
unknown or repeated key is an error: a misspelt ``client_auth_type`` must not leave a door open.
What Python's TLS cannot do is refused with its reason, never passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from otel_forgesyte_prometheus.tls import Tls, tls_settings
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SECTIONS: Final = frozenset(
    {"tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"}
)
# Upstream's list: others would let a configuration file rewrite what the protocol needs.
_HEADERS: Final[dict[str, frozenset[str]]] = {
    "Strict-Transport-Security": frozenset(),
    "X-Content-Type-Options": frozenset({"nosniff"}),
    "X-Frame-Options": frozenset({"deny", "sameorigin"}),
    "X-XSS-Protection": frozenset(),
    "Content-Security-Policy": frozenset(),
}
# A salt is 16 bytes, so its last character has four bits that are zero: bcrypt raises for others.
_HASH: Final = re.compile(
    r"\$2[abxy]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}"
)
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """One request each ``interval_s``, and ``burst`` at once after a pause."""

    interval_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class WebConfig:
    """What the file says. ``users`` maps names to bcrypt hashes, and is never printed."""

    tls: Tls | None = None
    users: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    rate: Rate | None = None


def read_web_config(path: Path) -> WebConfig:
    """What the file at ``path`` says; names of files in it are relative to its folder.

    Raises:
        ConfigError: it cannot be read or understood; never quotes a password or a hash.
    """
    content = _mapping(_loaded(path), "the file", path)
    _refuse_others(content, _SECTIONS, "the file", path)
    tls = _mapping(content.get("tls_server_config"), "tls_server_config", path)
    return WebConfig(
        tls=tls_settings(tls, path) if tls else None,
        users=_users(_mapping(content.get("basic_auth_users"), "basic_auth_users", path), path),
        headers=_headers(
            _mapping(content.get("http_server_config"), "http_server_config", path), path
        ),
        rate=_rate(_mapping(content.get("rate_limit"), "rate_limit", path), path),
    )


def _loaded(path: Path) -> Any:
    try:
        import yaml
    except ImportError:
        raise ConfigError(
            f"reading the web configuration {path} needs a package that is not installed:"
            " pip install 'otel-forgesyte[web]'"
        ) from None
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _strict(yaml))  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        # Its own text quotes the line, which may hold a password.
        mark = error.problem_mark
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"the web configuration {path} is no YAML{where}") from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        # ValueError: no UTF-8, or a date such as 2026-13-01, which the loader makes one of.
        why = error.strerror if isinstance(error, OSError) else "it is no YAML"
        raise ConfigError(f"cannot read the web configuration {path}: {why}") from None


def _strict(yaml: Any) -> Any:
    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # the module is given, since it is optional
        """Refuses a key that is there twice, of which YAML's own loader takes the last."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - its shape
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            twice = next((key for key in keys if keys.count(key) > 1), None)
            if twice is not None:
                raise yaml.constructor.ConstructorError(None, None, "twice", node.start_mark)
            return super().construct_mapping(node, deep=deep)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - as above

    return Loader


def _mapping(value: Any, what: str, path: Path) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: {what} is not a mapping of names to values")
    return cast("dict[str, Any]", value)


def _refuse_others(given: Mapping[str, Any], known: frozenset[str], what: str, path: Path) -> None:
    others = sorted(str(key) for key in given if key not in known)
    if others:
        raise ConfigError(
            f"{path}: {what} has {', '.join(others)}, which is no part of it;"
            f" known are {', '.join(sorted(known))}"
        )


def _users(given: Mapping[str, Any], path: Path) -> dict[str, bytes]:
    for name, hashed in given.items():
        if not isinstance(name, str) or ":" in name:  # pyright: ignore[reportUnnecessaryIsInstance] - YAML has other keys
            raise ConfigError(f"{path}: a user's name is text without a colon; quote it")
        if not isinstance(hashed, str) or _HASH.fullmatch(hashed) is None:
            raise ConfigError(
                f"{path}: what stands for the user {name!r} is no bcrypt hash;"
                " make one with: htpasswd -nBC 10 '' | tr -d ':\\n'"
            )
    return {name: hashed.encode() for name, hashed in given.items()}


def _headers(given: Mapping[str, Any], path: Path) -> tuple[tuple[str, str], ...]:
    # HTTP/2 is what a client may ask for and need not get: either word is fine here.
    _refuse_others(given, frozenset({"http2", "headers"}), "http_server_config", path)
    headers = _mapping(given.get("headers"), "headers", path)
    _refuse_others(headers, frozenset(_HEADERS), "headers", path)
    for name, value in headers.items():
        words = _HEADERS[name]
        is_text = isinstance(value, str) and value.isascii() and value.isprintable()
        if not is_text or (words and value not in words):
            fitting = " or ".join(sorted(words)) or "one line of text"
            raise ConfigError(f"{path}: the header {name} is not {fitting}")
    return tuple((name, value) for name, value in headers.items() if value)


def _rate(given: Mapping[str, Any], path: Path) -> Rate | None:
    _refuse_others(given, frozenset({"interval", "burst"}), "rate_limit", path)
    interval_s = _seconds(given.get("interval", 0), path)
    burst = given.get("burst", 0)
    if not interval_s:
        return None
    if not isinstance(burst, int) or burst < 1:
        raise ConfigError(f"{path}: rate_limit lets nobody in: give a burst of 1 or more")
    return Rate(interval_s, burst)


def _seconds(value: Any, path: Path) -> float:
    """Seconds of a duration as Go writes it, such as ``1m30s``; 0 without a unit is one too."""
    text = str(value)
    parts = _DURATION.findall(text)
    if text != "0" and "".join(number + unit for number, unit in parts) != text:
        raise ConfigError(f"{path}: rate_limit's interval is no duration such as 1s or 500ms")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
