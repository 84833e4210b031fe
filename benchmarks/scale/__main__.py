"""`python -m benchmarks.scale`: let a database grow, measure at each size, draw what grows.

Data takes about 200 bytes a span on the disk. With `--data DIR` it stays there when the run is
interrupted, and the same command goes on where it stopped; a run that ends removes it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from benchmarks.environments import default_cache
from benchmarks.harness import CaseFailed, run_case
from benchmarks.scale.measures import CASES, MEASURES
from benchmarks.scale.section import record_of, table, with_section
from benchmarks.sizes import STORED_ROWS, Run
from benchmarks.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.scale.measures import Step

_GROW = "scale.data:grow"
_LIMIT_S = 3_600
_BYTES_A_SPAN = 250  # with room for what a transaction writes anew


def main() -> int:
    """0 when every size was measured; 1 when a case failed or the disk has too little room."""
    asked = _arguments()
    if asked.write:
        import_module("matplotlib")  # missed now, and not after hours
    surroundings = Surroundings(_again(asked), f"up to {max(asked.spans):,} spans", {})
    notes = Console(stderr=True)
    temporary = None if asked.data else Path(tempfile.mkdtemp(prefix="benchmarks-"))
    data: Path = (temporary or asked.data).absolute() / "scale"
    data.mkdir(parents=True, exist_ok=True)
    try:
        with notes.status("measuring") as status:
            steps = _measured(sorted(asked.spans), data, status.update)
    except CaseFailed as error:
        notes.print(error, markup=False)
        return 1
    finally:
        if temporary:
            shutil.rmtree(temporary)
    _keep(asked, {"surroundings": surroundings.lines(), "steps": steps})
    print(table(steps))
    if asked.data:
        shutil.rmtree(data)
    return 0


def _measured(sizes: list[int], data: Path, progress: Callable[[str], None]) -> list[Step]:
    """The figures of each size; what an interrupted run measured lies beside its data."""
    state = data / "steps.json"
    found: dict[str, Step] = json.loads(state.read_text(encoding="utf-8")) if state.exists() else {}
    for spans in sizes:
        step = found.setdefault(str(spans), {})
        for case in (_GROW, *CASES):
            if case not in step:
                _refuse_small_disk(spans, data)
                progress(f"{spans:,} spans: {case}")
                run = Run(spans / STORED_ROWS, data, default_cache())
                step[case] = run_case(case, run, _LIMIT_S)
                # After each case: one that drains has changed the database.
                _write(state, found)
    return [found[str(spans)] for spans in sizes]


def _refuse_small_disk(spans: int, data: Path) -> None:
    there = sum(file.stat().st_size for file in data.glob("*.duckdb"))
    needed, free = spans * _BYTES_A_SPAN - there, shutil.disk_usage(data).free
    if needed > free:
        raise CaseFailed(
            f"{spans:,} spans need {needed / 1e9:,.1f} GB more, and {data} has {free / 1e9:,.1f}: "
            "give a larger disk with --data, or fewer spans with --spans"
        )


def _keep(asked: argparse.Namespace, record: dict[str, Any]) -> None:
    if asked.json:
        _write(asked.json, record)
    if asked.write:
        from benchmarks.scale.charts import draw

        _write(record_of(asked.write), record)
        draw(MEASURES, record["steps"], asked.write.with_name("charts"))
        before = asked.write.read_text(encoding="utf-8") if asked.write.exists() else "# Results\n"
        asked.write.write_text(with_section(before, asked.write), encoding="utf-8")


def _write(path: Path, content: object) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


def _again(asked: argparse.Namespace) -> str:
    sizes = ",".join(f"{spans:g}" for spans in asked.spans)
    return f"python -m benchmarks.scale --spans {sizes}"


def _sizes(text: str) -> list[int]:
    return [int(float(part)) for part in text.split(",")]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument(
        "--spans",
        type=_sizes,
        default=[10**5, 3 * 10**5, 10**6, 3 * 10**6, 10**7],
        help="sizes to measure at (default 1e5,3e5,1e6,3e6,1e7); 1e8 takes 20 GB of disk",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="where to make the data")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write every figure there")
    parser.add_argument(
        "--write",
        type=Path,
        metavar="PATH",
        help="also write the section `Scale` of that file, scale.json and charts/ beside it",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
