"""A PostgreSQL server on loopback, from the Debian package, in a directory of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.waiting import free_port

INSTALL = "PostgreSQL's server is not installed: apt-get install postgresql"


class PostgresServer:
    """Started by `start`; its data goes with `close`. `user` is its superuser, without password."""

    user = "postgres"

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        if not found:
            raise RuntimeError(INSTALL)
        self._bin = found[-1].parent
        # Not pytest's directory: the server refuses to be root, and another user may not enter it.
        self.folder = Path(tempfile.mkdtemp(prefix="forgesyte-postgres-"))
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.port = free_port()
        self._data = self.folder / "data"
        self._run("initdb", "-A", "trust", "-U", self.user, "-D", self._data, "--no-sync")

    def target(self, name: str) -> str:
        """Return the setting `database` for a lake whose catalog is the database of that name."""
        return f"ducklake:postgres:dbname={name} host=127.0.0.1 port={self.port} user={self.user}"

    def create(self, name: str) -> str:
        """Create a database, and return its target."""
        self._run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", self.user, name)
        return self.target(name)

    def query(self, name: str, sql: str) -> str:
        """Return what psql prints, without headings."""
        where = ("-h", "127.0.0.1", "-p", self.port, "-U", self.user)
        return self._run("psql", *where, "-d", name, "-Atc", sql).strip()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self._data, "-o", options, "-l", log, "-w", "start")

    def kill(self) -> None:
        """Stop it as a crash would: without a word to its clients, nor a checkpoint."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def close(self) -> None:
        """Stop it and remove its data."""
        if (self._data / "postmaster.pid").exists():
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: object) -> str:
        as_user = ("runuser", "-u", "postgres", "--") if os.getuid() == 0 else ()
        # pg_ctl leaves the server with its own output: a pipe would stay open for as long.
        with tempfile.TemporaryFile("w+") as output:
            result = subprocess.run(
                [*as_user, str(self._bin / program), *map(str, arguments)],
                cwd="/",
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            output.seek(0)
            text = output.read()
        if result.returncode:
            raise RuntimeError(f"{program}: {text}")
        return text
