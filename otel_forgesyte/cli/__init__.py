"""The command ``otel-forgesyte``: what happened, read from the database, in tables or JSON."""

from __future__ import annotations

from otel_forgesyte.cli.application import app, main
from otel_forgesyte.cli.exits import ExitCode

__all__ = ["ExitCode", "app", "main"]
