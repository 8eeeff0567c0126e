"""schema.graphql is what the code exports, keeps the contract, and documents itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    build_schema,
    is_specified_scalar_type,
    print_ast,
)
from graphql.utilities import ast_from_value

from graphql_api.schema.build import export_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
COMMITTED = HERE.parents[1] / "schema.graphql"
LATER: set[str] = set()  # everything is there


@cache
def contract() -> GraphQLSchema:
    return build_schema((HERE / "contract.graphql").read_text(encoding="utf-8"))


@cache
def exported() -> GraphQLSchema:
    return build_schema(export_schema())


def types(schema: GraphQLSchema) -> dict[str, Any]:
    """A schema's own types."""
    return {
        name: each
        for name, each in schema.type_map.items()
        if not name.startswith("__") and not is_specified_scalar_type(each)
    }


def described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Everything that can carry a description, by its coordinate."""
    for name, each in types(schema).items():
        yield name, each.description
        for field_name, field in getattr(each, "fields", {}).items():
            yield f"{name}.{field_name}", field.description
            for argument_name, argument in getattr(field, "args", {}).items():
                yield f"{name}.{field_name}({argument_name}:)", argument.description
        for value_name, value in getattr(each, "values", {}).items():
            yield f"{name}.{value_name}", value.description


def signatures(schema: GraphQLSchema, leave_out: frozenset[str] = frozenset()) -> dict[str, str]:
    """Everything that a client can name, by its coordinate, with its type and default."""
    found = {}
    for name, each in types(schema).items():
        if name in leave_out:
            continue
        found[name] = type(each).__name__
        if isinstance(each, GraphQLUnionType):
            found |= {f"{name} | {member.name}": "member" for member in each.types}
        if isinstance(each, GraphQLEnumType):
            found |= {f"{name}.{value}": "value" for value in each.values}
        if isinstance(each, (GraphQLObjectType, GraphQLInterfaceType)):
            found |= {f"{name} & {interface.name}": "implements" for interface in each.interfaces}
            for field_name, field in each.fields.items():
                found[f"{name}.{field_name}"] = str(field.type)
                for argument_name, argument in field.args.items():
                    coordinate = f"{name}.{field_name}({argument_name}:)"
                    found[coordinate] = _with_default(argument)
        if isinstance(each, GraphQLInputObjectType):
            for field_name, input_field in each.fields.items():
                found[f"{name}.{field_name}"] = _with_default(input_field)
    return found


def _with_default(taken: Any) -> str:
    if taken.default_value is Undefined:
        return str(taken.type)
    default = ast_from_value(taken.default_value, taken.type)
    assert default is not None
    return f"{taken.type} = {print_ast(default)}"


def test_the_committed_schema_is_what_the_code_exports() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == export_schema()


PROMISED = signatures(contract(), frozenset(LATER))


@pytest.mark.parametrize("coordinate", PROMISED)
def test_the_contract_is_kept(coordinate: str) -> None:
    assert signatures(exported()).get(coordinate) == PROMISED[coordinate]


def test_what_is_left_for_later_is_in_the_contract_and_not_yet_exported() -> None:
    assert set(types(contract())) >= LATER
    assert set(types(exported())) & LATER == set()


def test_nothing_that_is_required_was_added_to_what_clients_send() -> None:
    added = signatures(exported()).keys() - PROMISED.keys()
    inputs = {
        f"{name}.{field_name}": field
        for name, each in types(exported()).items()
        if isinstance(each, GraphQLInputObjectType)
        for field_name, field in each.fields.items()
    }
    required = {
        name
        for name in added & inputs.keys()
        if str(inputs[name].type).endswith("!") and inputs[name].default_value is Undefined
    }
    assert required == set()


@pytest.mark.parametrize("union", [name for name in PROMISED if name.endswith("Result")])
def test_every_member_of_a_result_but_its_success_is_a_user_error(union: str) -> None:
    member_types = exported().get_type(union)
    assert isinstance(member_types, GraphQLUnionType)
    errors = {
        member.name
        for member in member_types.types
        if "UserError" in {interface.name for interface in member.interfaces}
    }
    names = {member.name for member in member_types.types}
    assert names - errors == {union.replace("Result", "Success")}


def test_everything_is_described() -> None:
    texts = dict(described(exported()))
    assert [name for name, text in texts.items() if not (text or "").strip()] == []
    promised = {name for name in PROMISED if " " not in name}
    assert promised <= texts.keys()
