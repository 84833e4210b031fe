"""Peers, each in a virtual environment of its own: in one together they conflict.

`peers/NAME.txt` pins what `peers/NAME.py` runs with. Environments lie in a cache folder under the
file's content and the Python's version, so that a changed pin makes a new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

_PEERS = Path(__file__).resolve().parent / "peers"
_PREFIX = "peers."
_DONE = "installed.json"
_LIMIT_S = 1_200
_VERSIONS = """
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


class NotInstalled(Exception):  # noqa: N818 - reads as the fact it states
    """A peer's environment could not be made; the message carries what pip wrote."""


def default_cache() -> Path:
    """Where environments are kept unless told otherwise."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "otel-forgesyte-benchmarks"


def peer_of(case: str) -> str | None:
    """The peer whose environment a case runs in; None for our own."""
    module = case.partition(":")[0]
    return module.removeprefix(_PREFIX) if module.startswith(_PREFIX) else None


def python_of(case: str, cache: Path) -> str:
    """The interpreter of a case; a peer's has to be installed."""
    peer = peer_of(case)
    return sys.executable if peer is None else str(_interpreter(_folder(peer, cache)))


def install(peer: str, cache: Path) -> dict[str, str]:
    """The versions in the peer's environment, which is made where there is none yet.

    Raises:
        NotInstalled: pip could not, or not within 20 minutes.
    """
    folder = _folder(peer, cache)
    done = folder / _DONE
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        python = str(_interpreter(folder))
        _run([sys.executable, "-m", "venv", str(folder)], peer)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # The pip of Python 3.11 took over a quarter of an hour to resolve traceloop-sdk.
        _run([*pip, "--upgrade", "pip"], peer)
        _run([*pip, "--requirement", str(_requirements(peer))], peer)
        done.write_text(_run([python, "-c", _VERSIONS, *pinned(peer)], peer), encoding="utf-8")
    versions: dict[str, str] = json.loads(done.read_text(encoding="utf-8"))
    return versions


def pinned(peer: str) -> dict[str, str]:
    """The versions that the peer's file asks for, by package."""
    lines = _requirements(peer).read_text(encoding="utf-8").splitlines()
    pins = (line.partition("==") for line in lines if line and not line.startswith("#"))
    return {name: version for name, _, version in pins}


def _requirements(peer: str) -> Path:
    return _PEERS / f"{peer}.txt"


def _folder(peer: str, cache: Path) -> Path:
    wanted = _requirements(peer).read_bytes() + sys.version.encode()
    return cache / f"{peer}-{hashlib.sha256(wanted).hexdigest()[:12]}"


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(command: list[str], peer: str) -> str:
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=_LIMIT_S, check=True
        )
    except subprocess.CalledProcessError as error:
        raise NotInstalled(f"{peer} could not be installed:\n{error.stderr}") from error
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"{peer} was not installed within {_LIMIT_S} s") from error
    return ended.stdout
