"""SQL with its parameters' values put in, for servers that take one text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from duckdb import DuckDBPyConnection

__all__ = ["with_values"]

_PARSE = "SELECT json_serialize_sql($sql)"
_WRITE = "SELECT json_deserialize_sql($tree)"
_VALUE = "SELECT CAST($value AS VARCHAR), typeof($value)"


def with_values(
    connection: DuckDBPyConnection, sql: str, params: Sequence[Any] | Mapping[str, Any] | None
) -> str:
    """Return the SELECT with each `$name` or `?` replaced by its value, as DuckDB itself writes it.

    In the parsed tree, not in the text: no value can end a string, or become anything but a value.

    Raises:
        ValueError: a parameter has no value, or the SQL is not a SELECT.
    """
    if not params:
        return sql
    named = params if hasattr(params, "keys") else {str(i): v for i, v in enumerate(params, 1)}
    values = {name: _node(connection, value) for name, value in dict(named).items()}
    tree = _tree(connection, sql)
    if tree["error"]:
        raise ValueError(f"only a SELECT can have parameters here: {tree['error_message']}")
    [[written]] = connection.execute(
        _WRITE, {"tree": json.dumps(_replaced(tree, values))}
    ).fetchall()
    return str(written)


def _tree(connection: DuckDBPyConnection, sql: str) -> dict[str, Any]:
    [[text]] = connection.execute(_PARSE, {"sql": sql}).fetchall()
    tree: dict[str, Any] = json.loads(text)
    return tree


def _node(connection: DuckDBPyConnection, value: Any) -> dict[str, Any]:
    """Return the tree of `CAST('text' AS type)` for a value."""
    if value is None:
        return _expression(connection, "SELECT NULL")
    if isinstance(value, str) and "\0" in value:
        raise ValueError("a value with a NUL character cannot be asked for")  # cut off there
    [[text, kind]] = connection.execute(_VALUE, {"value": value}).fetchall()
    # The type's name is DuckDB's own; the text is put in below, where it cannot be anything else.
    node = _expression(connection, f"SELECT CAST('' AS {kind})")
    constant = node["child"]
    if "literal" in constant:  # DuckDB 2
        constant["literal"]["text"] = text
    else:
        constant["value"]["value"] = text
    return node


def _expression(connection: DuckDBPyConnection, sql: str) -> dict[str, Any]:
    expression: dict[str, Any] = _tree(connection, sql)["statements"][0]["node"]["select_list"][0]
    return expression


def _replaced(node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_replaced(each, values) for each in node]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(node, dict):
        return node
    fields: dict[str, Any] = node  # pyright: ignore[reportUnknownVariableType]
    if fields.get("class") == "PARAMETER":
        name = fields["identifier"]
        if name not in values:
            raise ValueError(f"the parameter {name} has no value")
        return {**values[name], "alias": fields["alias"]}
    return {key: _replaced(value, values) for key, value in fields.items()}
