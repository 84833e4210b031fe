"""What was accepted against what is there: every difference named, and the equation checked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from otel_forgesyte_duckdb import Settings, read_letters, reading, store_status
from otel_forgesyte_duckdb.segments import RECORDS, list_segments
from tests.soak.journal import KEY, key_of, keys_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KEYS = f"""
SELECT coalesce(
    CASE WHEN attributes->>'forgesyte.operation.name' = 'job'
        THEN attributes->>'forgesyte.job.id' END,
    attributes->>'{KEY}') AS key, count(*)
FROM otel.spans WHERE key IS NOT NULL GROUP BY key
"""
_LEDGER = """
SELECT split_part(process, '@', 1), reason, sum(count)::BIGINT
FROM otel.loss_ledger GROUP BY ALL
"""


@dataclass
class Told:
    """What the journals of all processes say together."""

    accepted: int = 0
    """Records, once `accept` had returned."""
    in_doubt: int = 0
    """Records of batches under way when their process ended."""
    kept: set[str] = field(default_factory=set[str])
    """Names of the spans that `accept` said it kept."""
    doubtful: set[str] = field(default_factory=set[str])
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """By process and reason."""
    ended: set[str] = field(default_factory=set[str])
    """Processes that came to their own end."""
    calls: set[str] = field(default_factory=set[str])
    """Names of the jobs that ran to their end."""
    delays_us: list[int] = field(default_factory=list[int])
    times: dict[str, float] = field(default_factory=dict[str, float])
    """When each job that told so ended."""
    pauses: dict[str, float] = field(default_factory=dict[str, float])
    """Longest `fork`, `shutdown` and the like, in seconds."""
    troubles: list[str] = field(default_factory=list[str])
    """What a process should not have met."""


def read_journals(folder: Path) -> Told:
    """Return what every process told."""
    told = Told()
    for path in sorted(folder.glob("*.jsonl")):
        _read_journal(path, told)
    return told


def _read_journal(path: Path, told: Told) -> None:  # noqa: C901 - one case a word
    process = path.name.partition("-")[0]
    under_way: dict[int, tuple[str, int, list[str]]] = {}
    for word, *rest in _lines(path):
        match word:
            case "try":
                number, signal, count, keys = rest
                under_way[number] = signal, count, keys
            case "done":
                number, kept = rest
                _settle(told, *under_way.pop(number), kept)
            case "drop":
                signal, reason, count = rest
                if signal in RECORDS:
                    told.dropped[process, reason] += count
            case "end":
                told.ended.add(process)
            case "calls":
                keys, delays = rest
                told.calls.update(keys)
                told.delays_us += delays
            case "at":
                key, moment = rest
                told.times[key] = moment
            case "pause":
                name, seconds = rest
                told.pauses[name] = max(seconds, told.pauses.get(name, 0.0))
            case _:
                told.troubles.append(f"process {process}: {rest}")
    for signal, count, keys in under_way.values():
        told.in_doubt += count if signal in RECORDS else 0
        told.doubtful.update(keys)


def _settle(told: Told, signal: str, count: int, keys: list[str], kept: int) -> None:
    told.accepted += count if signal in RECORDS else 0
    (told.kept if kept else told.doubtful).update(keys)


def _lines(path: Path) -> Iterator[list[Any]]:
    for line in path.read_bytes().split(b"\n")[:-1]:
        yield orjson.loads(line)


@dataclass(frozen=True)
class Tally:
    """Where every accepted record is."""

    told: Told
    stored: int
    spooled: int
    dead: int
    dropped: Counter[str]
    """By reason, as the processes counted them."""
    unsaid: Counter[tuple[str, str]]
    """Dropped and not in the ledger, by process and reason: killed before it could say so."""
    lost: list[str]
    duplicates: list[str]
    never_accepted: list[str]

    @property
    def difference(self) -> int:
        """Records found or counted beyond those accepted: at most those in doubt."""
        found = self.stored + self.spooled + self.dead + self.dropped.total()
        return found - self.told.accepted

    def problems(self) -> list[str]:
        """Return what is wrong, in words; nothing when all is well."""
        found = [
            ("lost", self.lost),
            ("duplicated", self.duplicates),
            ("stored, but never accepted", self.never_accepted),
            ("met trouble", self.told.troubles),
        ]
        words = [f"{what}: {len(names)}, such as {names[:5]}" for what, names in found if names]
        if not 0 <= self.difference <= self.told.in_doubt:
            words.append(
                f"the equation is off by {self.difference}"
                f" (up to {self.told.in_doubt} were under way when their process was killed)"
            )
        silent = {
            (process, reason): count
            for (process, reason), count in self.unsaid.items()
            # With the disk still full at its end, a process can only say it in its log.
            if process in self.told.ended and reason not in {"disk_full", "already_shutdown"}
        }
        if silent:
            words.append(f"dropped and not in the ledger: {silent}")
        return words


def tally(settings: Settings, journals: Path) -> Tally:
    """Compare what was told with what is stored, waits, was set aside, or was counted."""
    told = read_journals(journals)
    status = store_status(settings)
    in_database: Counter[str] = Counter()
    ledger: Counter[tuple[str, str]] = Counter()
    if settings.database_path.exists():
        with reading(settings.database_path) as connection:
            in_database.update(dict(connection.execute(_KEYS).fetchall()))
            for process, reason, count in connection.execute(_LEDGER).fetchall():
                ledger[process, reason] += count
    dropped: Counter[str] = Counter()
    for (_, reason), count in told.dropped.items():
        dropped[reason] += count
    elsewhere = set(_keys_in_dead_letters(settings)) | set(_keys_in_spool(settings))
    return Tally(
        told,
        stored=status.stored or 0,
        spooled=status.spooled_lines,
        dead=status.dead_lines,
        dropped=dropped,
        unsaid=told.dropped - ledger,
        lost=sorted(told.kept - set(in_database) - elsewhere),
        duplicates=sorted(key for key, count in in_database.items() if count > 1),
        never_accepted=sorted(set(in_database) - told.kept - told.doubtful),
    )


def _keys_in_dead_letters(settings: Settings) -> Iterator[str]:
    for letter in read_letters(settings.spool):
        if letter.signal == "spans" and letter.record.startswith("{"):
            key = key_of(orjson.loads(letter.record))
            if key is not None:
                yield key


def _keys_in_spool(settings: Settings) -> Iterator[str]:
    for segment in list_segments(settings.spool):
        content = segment.path.read_bytes()
        yield from keys_in(segment.signal, content[: content.rfind(b"\n") + 1])


def percentile(values: list[int], share: float) -> int:
    """Return the value that a share of all values does not exceed; 0 of none."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0


def table(result: Tally) -> str:
    """Return the sums as a person reads them."""
    told = result.told
    rows: list[tuple[str, object]] = [
        ("accepted", told.accepted),
        ("  and perhaps, under way when killed", told.in_doubt),
        ("stored", result.stored),
        ("spooled", result.spooled),
        ("dead", result.dead),
        *((f"dropped: {reason}", count) for reason, count in sorted(result.dropped.items())),
        ("  of these not in the ledger (killed)", result.unsaid.total()),
        ("jobs done, and in memory when killed", len(told.calls - told.kept - told.doubtful)),
        ("lost", len(result.lost)),
        ("duplicates", len(result.duplicates)),
        ("calls timed", len(told.delays_us)),
        ("delay seen by a call, p99 (µs)", percentile(told.delays_us, 0.99)),
        ("delay seen by a call, worst (µs)", max(told.delays_us, default=0)),
        *((f"longest {name} (s)", f"{s:.3f}") for name, s in sorted(told.pauses.items())),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
