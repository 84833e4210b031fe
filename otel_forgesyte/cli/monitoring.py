"""``dashboards`` and ``rules``: Grafana's and Prometheus' files, written or compared."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from otel_forgesyte.cli import output
from otel_forgesyte.cli.exits import ExitCode
from otel_forgesyte.cli.failures import CommandFailed
from otel_forgesyte.cli.invocation import Invocation, answers_in_text
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_forgesyte.monitoring import Objectives

__all__ = ["register"]

Folder = Annotated[
    Path | None,
    typer.Argument(metavar="[FOLDER]", help="Where the files are.", show_default=False),
]
App = Annotated[
    list[str] | None,
    typer.Option(
        "--app", metavar="MODULE", help="Import this first: its decorators say objective=."
    ),
]
ObjectivesFile = Annotated[
    Path | None,
    typer.Option("--objectives", metavar="FILE", help="Objectives in YAML; they count first."),
]

_DASHBOARDS = Path("deploy/grafana/dashboards")
_RULES = Path("deploy/prometheus/rules")


def register(app: typer.Typer) -> None:
    """Add the two groups of commands to the application."""
    dashboards = typer.Typer(help="Grafana dashboards, generated from the metrics' registry.")
    dashboards.command("write")(answers_in_text(write_dashboards))
    dashboards.command("check")(answers_in_text(check_dashboards))
    app.add_typer(dashboards, name="dashboards")
    rules = typer.Typer(help="Prometheus rules, generated from the registry and from objectives.")
    rules.command("write")(answers_in_text(write_rules))
    rules.command("check")(answers_in_text(check_rules))
    app.add_typer(rules, name="rules")


def write_dashboards(invocation: Invocation, folder: Folder = None) -> None:
    """Write the dashboards to FOLDER (deploy/grafana/dashboards), over Prometheus and DuckDB."""
    _write(invocation, folder or _DASHBOARDS, *_dashboards())


def check_dashboards(invocation: Invocation, folder: Folder = None) -> ExitCode:
    """Compare FOLDER with what would be written; ends with 1 where they differ."""
    command = "otel-forgesyte dashboards write"
    return _check(invocation, folder or _DASHBOARDS, *_dashboards(), command)


def write_rules(
    invocation: Invocation,
    folder: Folder = None,
    *,
    app: App = None,
    objectives: ObjectivesFile = None,
) -> None:
    """Write recording and alerting rules to FOLDER (deploy/prometheus/rules).

    They hold jobs to the objectives of --app and --objectives, and to the default one otherwise.
    """
    _write(invocation, folder or _RULES, *_rules(app, objectives))


def check_rules(
    invocation: Invocation,
    folder: Folder = None,
    *,
    app: App = None,
    objectives: ObjectivesFile = None,
) -> ExitCode:
    """Compare FOLDER with what would be written; ends with 1 where they differ."""
    options = [f"--app {module}" for module in app or ()]
    options += [f"--objectives {objectives}"] if objectives else []
    command = " ".join(["otel-forgesyte rules write", *options])
    return _check(invocation, folder or _RULES, *_rules(app, objectives), command)


def _dashboards() -> tuple[Mapping[str, str], str]:
    _require_fresh_names()
    from otel_forgesyte.monitoring import dashboard_files
    from otel_forgesyte.monitoring.grafana import MARK

    return dashboard_files(), MARK


def _rules(app: list[str] | None, file: Path | None) -> tuple[Mapping[str, str], str]:
    _require_fresh_names()
    from otel_forgesyte.monitoring import rule_files, rule_texts
    from otel_forgesyte.monitoring.rules import MARK

    return rule_texts(rule_files(_objectives(app or [], file))), MARK


def _require_fresh_names() -> None:
    """Refuse names that the registry no longer has, before anything is made of them."""
    try:
        from otel_forgesyte.monitoring.folders import stale_registry
    except ImportError as error:
        if error.name != "otel_forgesyte.semconv":
            raise
        what = f"a dashboard or rule names what the registry no longer defines: {error.msg}"
        raise CommandFailed(what, ExitCode.FINDING) from error
    except ConfigError as error:  # a question of `sql` does, and they are read with the module
        raise CommandFailed(str(error), ExitCode.FINDING) from error
    if stale := stale_registry():
        raise CommandFailed(stale, ExitCode.FINDING)


def _objectives(modules: list[str], file: Path | None) -> Objectives:
    """What decorators said, and over it what the file says."""
    from otel_forgesyte import objectives
    from otel_forgesyte.monitoring import Objectives

    for module in modules:
        _import(module)
    for name in objectives.nameless():
        output.note(
            f"{name} has an objective, and its name comes with each call: "
            "give the objective of each name in --objectives"
        )
    said = Objectives() if file is None else _read(file)
    for name in objectives.contradicted():
        if name not in said.named:
            output.note(
                f"{name} has several objectives that differ, and the last one counts: "
                "give the one that is meant in --objectives"
            )
    return Objectives(said.default, {**objectives.stated(), **said.named})


def _import(module: str) -> None:
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as `python -m` finds modules
    try:
        importlib.import_module(module)
    except Exception as error:
        what = f"--app {module} cannot be imported: {type(error).__name__}: {error}"
        raise CommandFailed(what, ExitCode.USAGE) from error
    finally:
        sys.path.pop(0)


def _read(file: Path) -> Objectives:
    from otel_forgesyte.monitoring import read_objectives

    try:
        return read_objectives(file)
    except ImportError as error:
        what = f"{file} is YAML, and PyYAML is not installed: pip install 'otel-forgesyte[yaml]'"
        raise CommandFailed(what, ExitCode.NOT_INSTALLED) from error


def _write(invocation: Invocation, folder: Path, texts: Mapping[str, str], mark: str) -> None:
    from otel_forgesyte.monitoring.folders import write_files

    changed = write_files(folder, texts, mark)
    if invocation.as_json:
        output.json_document({"folder": str(folder), "changed": changed})
    else:
        output.line(f"{folder}: {len(changed)} of {len(texts)} files changed")


def _check(
    invocation: Invocation, folder: Path, texts: Mapping[str, str], mark: str, command: str
) -> ExitCode:
    from otel_forgesyte.monitoring.folders import differing_files

    differing = differing_files(folder, texts, mark)
    if invocation.as_json:
        output.json_document({"folder": str(folder), "differing": differing})
    else:
        for name in differing:
            output.line(f"{folder / name} is not what the registry gives")
        if differing:
            output.note(f"run: {command} {folder}")
        else:
            output.line(f"{folder}: {len(texts)} files are what the registry gives")
    return ExitCode.FINDING if differing else ExitCode.OK
