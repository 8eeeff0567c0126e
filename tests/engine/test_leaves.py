"""Every built-in scalar with every kind of value, as field, item, required or not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from graphql import ExecutionResult, build_schema, execute_sync, parse

from graphql_api import engine

SCALARS = ("String", "Int", "Float", "Boolean", "ID")


class Text(str):
    __slots__ = ()


class Odd:
    def __str__(self) -> str:
        return "odd"

    __repr__ = __str__


VALUES: list[Any] = [
    *("", "a", "1", "1.5", Text("t"), b"bytes"),
    *(0, 1, -1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**53, 2**53 + 1, 10**400),
    *(0.0, 1.0, 1.5, float("nan"), float("inf"), float("-inf"), Decimal("1.5"), 1j),
    *(True, False, None, Odd(), Odd, [], {}, (1,), ValueError("returned"), len),
]


def picture(result: ExecutionResult) -> Any:
    errors = [(e.message, e.path, e.locations, type(e.original_error)) for e in result.errors or ()]
    return repr(result.data), errors


@pytest.mark.parametrize("scalar", SCALARS)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_leaves_are_equal(scalar: str, value: Any) -> None:
    schema = build_schema(
        f"""
        type Query {{ things: [Thing] thing: Thing }}
        type Thing {{ a: {scalar} b: {scalar}! c: [{scalar}] d: [{scalar}!] }}
        """
    )
    for source in (
        {"a": value, "b": value, "c": [value, value], "d": [value]},
        type("Thing", (), {"a": value, "b": value, "c": [value], "d": [value]})(),
    ):
        root = {"things": [source, source], "thing": source}
        for fields in ("a c", "b", "d"):
            document = parse(f"{{ things {{ {fields} }} thing {{ {fields} }} }}")
            expected = picture(execute_sync(schema, document, root))
            assert picture(engine.execute_sync(schema, document, root)) == expected
