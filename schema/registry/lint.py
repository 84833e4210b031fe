"""Check the registry, and that the sources use its names: `python schema/registry/lint.py`.

Exit code 0 without findings, else 1 with one line each: file:line: name: what: what to do.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:
    # Run as a file: the folder above makes this one importable as `registry`.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from registry import (
    rules_names,
    rules_prometheus,
    rules_references,
    rules_sources,
    rules_values,
)
from registry.finding import RegistryError
from registry.model import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from registry.finding import Finding
    from registry.model import Registry

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]

RULES: tuple[Callable[[Registry], Iterator[Finding]], ...] = (
    rules_names.check_form,
    rules_names.check_leaves,
    rules_names.check_unique,
    rules_names.check_constants,
    rules_names.check_namespaces,
    rules_references.check_resolve,
    rules_references.check_upstream_is_declared,
    rules_references.check_dependency,
    rules_references.check_imported_events,
    rules_references.check_use,
    rules_references.check_levels,
    rules_references.check_groups_meet,
    rules_references.check_cardinality,
    rules_values.check_types,
    rules_values.check_examples,
    rules_values.check_briefs,
    rules_values.check_units,
    rules_values.check_bounds,
    rules_values.check_delivery,
    rules_prometheus.check_metric_collisions,
    rules_prometheus.check_label_collisions,
)


def lint(folder: Path, root: Path) -> list[Finding]:
    """Everything that is wrong with the registry in the folder and the sources below the root."""
    try:
        registry = load(folder)
    except RegistryError as error:
        # The rules read objects, so what departs from the layout has to be put right first.
        return list(error.findings)
    findings = {finding for rule in RULES for finding in rule(registry)}
    findings.update(rules_sources.check_sources(registry, root))
    return sorted(findings)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings; the exit code says whether there were any."""
    parser = argparse.ArgumentParser(description="Check the registry of names.")
    parser.add_argument("--registry", type=Path, default=FOLDER, help="folder of the YAML files")
    parser.add_argument("--root", type=Path, default=ROOT, help="where the sources stand")
    options = parser.parse_args(arguments)
    findings = lint(options.registry, options.root)
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
