"""Input values of one type, coerced by a function that is made once for it.

It knows the usual: values that are right. Of anything else it says `UNUSUAL`, and graphql-core
decides what that amounts to, errors included.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLString,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)
from graphql.pyutils import Undefined
from graphql.utilities.coerce_input_value import coerce_default_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Coerce: TypeAlias = Callable[[Any], Any]

UNUSUAL: Final = object()
_MAX_INT: Final = 2**31 - 1


def plan_input(type_: GraphQLInputType, within: tuple[GraphQLInputType, ...] = ()) -> Coerce | None:
    """Return a function of a value that gives its coerced value, or `UNUSUAL`.

    None for types that graphql-core coerces always: those of one field out of many, those that
    hold themselves (graphql-core bounds how deep), and those with a wrong default.

    Args:
        within: the input objects around it.
    """
    if is_non_null_type(type_):
        return _plan_nullable(type_.of_type, within)
    coerce = _plan_nullable(type_, within)
    return None if coerce is None else lambda value: None if value is None else coerce(value)


def _plan_nullable(type_: Any, within: tuple[GraphQLInputType, ...]) -> Coerce | None:
    """Do the same for values other than null, which are unusual here."""
    if is_list_type(type_):
        item = plan_input(type_.of_type, within)
        return None if item is None else _list_of(item)
    if is_input_object_type(type_):
        return None if type_ in within else _plan_object(type_, (*within, type_))
    return _LEAVES.get(type_) or (_leaf(type_.coerce_input_value) if is_leaf_type(type_) else None)


def _plan_object(
    type_: GraphQLInputObjectType, within: tuple[GraphQLInputType, ...]
) -> Coerce | None:
    if type_.is_one_of:
        return None
    steps = []
    for name, field in type_.fields.items():
        coerce = plan_input(field.type, within)
        try:
            default = coerce_default_value(field)
        except TypeError:
            return None
        if coerce is None:
            return None
        steps.append(
            (name, field.out_name or name, coerce, default, is_required_input_field(field))
        )
    return _object_of(steps, type_.out_type)


def _object_of(
    steps: Sequence[tuple[str, str, Coerce, Any, bool]], out_type: Callable[[Any], Any]
) -> Coerce:
    def coerce_object(value: Any) -> Any:
        if type(value) is not dict:
            return UNUSUAL
        coerced = {}
        known = 0
        for name, out_name, coerce, default, is_required in steps:
            if name in value:
                known += 1
                result = coerce(value[name])
                if result is UNUSUAL:
                    return UNUSUAL
                coerced[out_name] = result
            elif is_required:
                return UNUSUAL
            elif default is not Undefined:
                coerced[out_name] = default
        return out_type(coerced) if known == len(value) else UNUSUAL

    return coerce_object


def _list_of(coerce_item: Coerce) -> Coerce:
    def coerce_list(value: Any) -> Any:
        if type(value) is not list:
            return UNUSUAL
        items = [coerce_item(item) for item in value]
        return UNUSUAL if any(item is UNUSUAL for item in items) else items

    return coerce_list


def _leaf(coerce_input_value: Coerce) -> Coerce:
    def coerce_leaf(value: Any) -> Any:
        try:
            coerced = UNUSUAL if value is None else coerce_input_value(value)
        except Exception:  # noqa: BLE001 - whatever it is, graphql-core reports it
            return UNUSUAL
        return UNUSUAL if coerced is Undefined else coerced

    return coerce_leaf


def _string(value: Any) -> Any:
    return value if type(value) is str else UNUSUAL


def _int(value: Any) -> Any:
    return value if type(value) is int and -_MAX_INT - 1 <= value <= _MAX_INT else UNUSUAL


def _float(value: Any) -> Any:
    return value if type(value) is float and isfinite(value) else UNUSUAL


def _boolean(value: Any) -> Any:
    return value if type(value) is bool else UNUSUAL


# By identity: a schema may bring scalars of its own under these names.
_LEAVES: Final[dict[GraphQLInputType, Coerce]] = {
    GraphQLString: _string,
    GraphQLID: _string,
    GraphQLInt: _int,
    GraphQLFloat: _float,
    GraphQLBoolean: _boolean,
}
