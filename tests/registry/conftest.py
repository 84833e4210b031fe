"""The registry lies beside the package, in no wheel: tested where it lies, or not at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
collect_ignore_glob: list[str] = []

if (ROOT / "schema" / "registry").is_dir():
    # Last, so that an installed wheel is still what is imported for everything else.
    sys.path.append(str(ROOT / "schema"))
else:
    collect_ignore_glob.append("test_*.py")

_MANIFEST = """\
name: small
schema_url: https://small.invalid/schemas/1.0.0
dependencies:
  - schema_url: https://opentelemetry.io/schemas/1.44.0
"""

# One of everything, and nothing wrong with it: each test spoils one line.
_SMALL = """\
file_format: definition/2

imports:
  events: [exception]

attributes:
  - key: forgesyte.job.id
    type: string
    brief: Identifies a job.
    stability: development
    examples: [job-1]
    annotations:
      otel_forgesyte:
        high_cardinality: true
  - key: forgesyte.job.status
    type:
      members:
        - {id: done, value: done, brief: Ended well., stability: development}
        - {id: error, value: error, brief: Failed., stability: development}
    brief: State of a job.
    stability: development
    examples: [done]
  - key: forgesyte.job.wait
    type: double
    brief: Time before the start.
    stability: development
    examples: [0.5]
    annotations:
      otel_forgesyte:
        unit: s

attribute_groups:
  - id: borrowed
    visibility: internal
    attributes:
      - ref: error.type
        requirement_level:
          conditionally_required: If it failed.

spans:
  - type: forgesyte.job
    kind: internal
    name: {note: job}
    brief: One job.
    stability: development
    attributes:
      - {ref: forgesyte.job.id, requirement_level: required}
      - {ref: forgesyte.job.wait, requirement_level: opt_in}
      - ref_group: borrowed

metrics:
  - name: forgesyte.job.duration
    instrument: histogram
    unit: s
    brief: Time of a job.
    stability: development
    attributes:
      - {ref: forgesyte.job.status, requirement_level: required}
    annotations:
      otel_forgesyte:
        bucket_bounds: [0.1, 1, 10]
        exemplar_attributes: [forgesyte.job.id]
  - name: forgesyte.job.retries
    instrument: counter
    unit: "{retry}"
    brief: Jobs that were tried again.
    stability: development

event_refinements:
  - id: small.exception
    ref: exception
    brief: A job failed.
    attributes:
      - ref_group: borrowed
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with a small registry in order, in a tree without sources."""
    folder = tmp_path / "schema" / "registry"
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(_MANIFEST, encoding="utf-8")
    (folder / "all.yaml").write_text(_SMALL, encoding="utf-8")
    return folder


@pytest.fixture
def spoil(small: Path, tmp_path: Path) -> Callable[[str, str], list[str]]:
    """Replace one text of the small registry, and give what the linter says, without places."""
    from registry.lint import lint  # the path is set above, where there is a registry at all

    def findings(old: str, new: str) -> list[str]:
        for path in small.iterdir():
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(old, new, 1), encoding="utf-8")
        found = lint(small, tmp_path)
        return [f"{finding.subject}: {finding.problem}" for finding in found]

    return findings
