"""Make the stored database of the release that is installed here, with its DuckDB.

    python tests/upgrades/making.py

writes `stored/schema-<version>-<release>-duckdb-<version>.tar.gz`. Run it once a release for each
supported DuckDB; README.md there says how, also for a release of the past.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
APPLICATION = HERE / "application.py"
DATABASE = "telemetry.duckdb"
SPOOL = "telemetry.duckdb.spool"
ANSWERS = "answers.json"


def part(name: str, folder: Path, **settings: str) -> str:
    """Run one part of the application in a folder; what it printed."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    environment = {
        **ours,
        "TZ": "UTC",
        "OTEL_SERVICE_NAME": "application",
        "OTEL_EXPORTER_DUCKDB_DRAIN": "external",
        "OTEL_METRIC_EXPORT_INTERVAL": "600000",
        **settings,
    }
    command = [sys.executable, str(APPLICATION), name]
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def make(folder: Path) -> None:
    """Leave a database, its waiting spool and this release's answers in the folder."""
    from otel_forgesyte_duckdb import Settings, drain

    settings = Settings(database=str(folder / DATABASE))
    spool = folder / SPOOL
    part("lost", folder, OTEL_EXPORTER_DUCKDB_SPOOL_MAX_BYTES="10000")
    part("stored", folder)
    spoil_one_log_record(spool)
    kept = folder / "kept"
    kept.mkdir()
    for path in spool.glob("*-spans-*.seg"):
        shutil.copy2(path, kept)
    drain(settings)
    answers = part("answers", folder)
    (folder / ANSWERS).write_text(answers, encoding="utf-8")
    part("waiting", folder)
    # As a drainer leaves them that is killed between its commit and the removal of the segment.
    for path in kept.iterdir():
        path.rename(spool / path.name)
    kept.rmdir()


def spoil_one_log_record(spool: Path) -> None:
    """Damage the last record so that the database refuses it: it becomes a dead letter."""
    last = max(spool.glob("*-logs-*.seg"))
    head, _, tail = last.read_bytes().rpartition(b'"severity_number":13')
    last.write_bytes(head + b'"severity_number":xx' + tail)


def pack(folder: Path, archive: Path) -> None:
    """One archive, for the owner only, without a word of who made it when."""

    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = 0
        return member

    with tarfile.open(archive, "w:gz", compresslevel=9) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name, filter=anonymous)


def main() -> None:
    """Make the archive of the installed release."""
    import duckdb

    from otel_forgesyte_schema import SCHEMA_VERSION

    release = version("otel-forgesyte")
    name = f"schema-{SCHEMA_VERSION}-release-{release}-duckdb-{duckdb.__version__}.tar.gz"
    folder = Path(tempfile.mkdtemp())
    try:
        make(folder)
        pack(folder, HERE / "stored" / name)
    finally:
        shutil.rmtree(folder)
    sys.stdout.write(f"{HERE / 'stored' / name}\n")


if __name__ == "__main__":
    main()
