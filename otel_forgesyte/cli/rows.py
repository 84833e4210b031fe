"""Rows of a relation as Python values, on the base installation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyRelation as Relation

__all__ = ["column_names", "values"]


def column_names(relation: Relation) -> list[str]:
    """The names of the relation's columns, in order."""
    return list(relation.columns)


def values(relation: Relation) -> list[Sequence[Any]]:
    """The rows; a JSON column gives the value, not its text."""
    is_json = [str(kind) == "JSON" for kind in relation.types]
    rows = _without_time_zones(relation).fetchall()
    if not any(is_json):
        return list(rows)
    return [
        [_decoded(value) if decode else value for value, decode in zip(row, is_json, strict=True)]
        for row in rows
    ]


def _without_time_zones(relation: Relation) -> Relation:
    """The relation with its zoned times as naive UTC: Python needs pytz for the others.

    Columns are named by position, so that no identifier is built from data.
    """
    zoned = [str(kind) == "TIMESTAMP WITH TIME ZONE" for kind in relation.types]
    if not any(zoned):
        return relation
    return relation.project(
        ", ".join(
            f"timezone('UTC', #{position})" if is_zoned else f"#{position}"
            for position, is_zoned in enumerate(zoned, start=1)
        )
    )


def _decoded(value: str | None) -> Any:
    return None if value is None else json.loads(value)
