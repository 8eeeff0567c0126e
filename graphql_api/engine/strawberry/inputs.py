"""What Strawberry's `convert_argument` does with values of one type, worked out once for it."""

from __future__ import annotations

from dataclasses import MISSING
from typing import TYPE_CHECKING, Any, TypeAlias

from strawberry.relay.types import GlobalID
from strawberry.scalars import is_scalar
from strawberry.types.arguments import convert_argument
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
)
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable

    from strawberry.schema.schema_converter import GraphQLCoreConverter

    Convert: TypeAlias = Callable[[Any, Any], Any]  # of a value and Strawberry's `info`


def as_it_is(value: Any, _info: Any) -> Any:
    """Convert nothing: what graphql-core made of the value is what the resolver gets."""
    return value


def plan_conversion(
    type_: Any, converter: GraphQLCoreConverter, within: tuple[type, ...] = ()
) -> Convert | None:
    """Return a function that converts a coerced value to what a resolver takes.

    None where only `convert_argument` knows: `Maybe`, lazy and generic types, global ids, inputs
    that build themselves or hold themselves.

    Args:
        within: the input classes around it.
    """
    if isinstance(type_, StrawberryOptional) and not isinstance(type_, StrawberryMaybe):
        return plan_conversion(type_.of_type, converter, within)
    if isinstance(type_, StrawberryList):
        item = plan_conversion(type_.of_type, converter, within)
        return None if item is None else _list_of(item)
    definition = getattr(type_, "__strawberry_definition__", type_)
    if isinstance(definition, StrawberryEnumDefinition):
        return as_it_is
    if isinstance(definition, StrawberryObjectDefinition):
        return None if type_ in within else _input(definition, converter, within)
    is_leaf = type_ is not GlobalID and is_scalar(type_, converter.scalar_registry)
    return as_it_is if is_leaf else None


def convert_otherwise(type_: Any, converter: GraphQLCoreConverter, name: str) -> Convert:
    """Return Strawberry's own conversion of an argument."""
    registry = converter.scalar_registry
    config = converter.config
    return lambda value, info: convert_argument(value, type_, registry, config, info, path=(name,))


def _list_of(item: Convert) -> Convert:
    def convert_list(value: Any, info: Any) -> Any:
        if value is None or value is UNSET:
            return value
        return list(value) if item is as_it_is else [item(each, info) for each in value]

    return convert_list


def _input(
    definition: StrawberryObjectDefinition,
    converter: GraphQLCoreConverter,
    within: tuple[type, ...],
) -> Convert | None:
    if definition.is_graphql_generic or definition.concrete_of or definition.from_input:
        return None
    if not definition.is_input:
        return None
    cls = definition.origin
    steps = []
    for field in definition.fields:
        field_type = field.resolve_type(type_definition=definition)
        convert = plan_conversion(field_type, converter, (*within, cls))
        if convert is None:
            return None
        name = converter.config.name_converter.from_field(field)
        steps.append((name, field.python_name, convert))
    # Strawberry's implicit default: a nullable field need not be given.
    absent = {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }

    def convert_input(value: Any, info: Any) -> Any:
        if value is None or value is UNSET:
            return value
        given = dict(absent)
        for name, python_name, convert in steps:
            if name in value:
                given[python_name] = convert(value[name], info)
        return cls(**given)

    return convert_input
