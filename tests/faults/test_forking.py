"""Row 14: every way Python has to make more processes, while there is work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Bench


def test_children_forked_while_busy_neither_hang_nor_lose_nor_double(bench: Bench) -> None:
    application = bench.start()
    assert application.do("fork", 6) == [0] * 6
    application.end()
    result = bench.adds_up()
    # Half of the children leave by `os._exit`: what was in their memory is all that may be missing.
    assert 6 * 20 + 3 * 20 <= len(result.told.kept) <= 12 * 20
    assert result.stored == result.told.accepted


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_and_pools_keep_all_they_recorded(
    bench: Bench, method: str
) -> None:
    application = bench.start()
    application.do("jobs", 20)
    assert application.do("pool", method) is True
    application.do("jobs", 20)
    application.end()
    result = bench.adds_up()
    assert len(result.told.kept) == 65
    assert result.told.calls == result.told.kept
    assert result.stored == result.told.accepted
