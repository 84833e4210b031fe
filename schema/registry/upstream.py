"""What the installed OpenTelemetry semantic conventions define."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from opentelemetry.semconv.schemas import Schemas

# Stable attributes, and those still in development.
_PACKAGES = ("opentelemetry.semconv.attributes", "opentelemetry.semconv._incubating.attributes")


@cache
def attribute_names() -> frozenset[str]:
    """Every attribute of the installed package."""
    return frozenset(
        name
        for package in map(importlib.import_module, _PACKAGES)
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
        for name in _constants(module.name)
    )


def event_names() -> frozenset[str]:
    """Names under which an event may stand.

    The package lists no events, so an event counts as known where its attributes are: `exception`
    because of `exception.type`.
    """
    return frozenset(name.split(".", 1)[0] for name in attribute_names() if "." in name)


def schema_urls() -> frozenset[str]:
    """Every version of the conventions that the installed package knows."""
    return frozenset(one.value for one in Schemas)


def _constants(module: str) -> set[str]:
    found = vars(importlib.import_module(module)).items()
    return {value for name, value in found if name.isupper() and isinstance(value, str)}
