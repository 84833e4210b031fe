"""Sums of floats that depend neither on the order of their parts nor on their groups."""

from __future__ import annotations

from fractions import Fraction

from otel_forgesyte_prometheus.sums import Sum, added


def test_an_exact_sum_of_many_parts_is_kept_in_few() -> None:
    total = 0.0
    for number in range(1, 20_001):
        total = added(total, 1 / number if number % 2 else 1e17 / number)
        if isinstance(total, Sum) and len(total.parts) > 100:
            total = Sum(total.shortest())
    assert isinstance(total, Sum)
    assert 1 < len(total.shortest()) <= 4
    exact = sum(Fraction(1 / n if n % 2 else 1e17 / n) for n in range(1, 20_001))
    assert total == float(exact)
    assert sum(map(Fraction, total.shortest())) == exact


def test_a_sum_beyond_the_floats_is_infinite_as_ever() -> None:
    assert added(1e308, 1e308) == float("inf")
    assert added(added(1e308, -1e308), 1e308) == 1e308
    assert added(2**60, 1) == 2**60 + 1
