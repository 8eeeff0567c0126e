"""An operation's variables: the usual ones coerced at once, all others by graphql-core."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    VariableDefinitionNode,
    get_nullable_type,
    get_variable_values,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.pyutils import Undefined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MAX_INT: Final = 2**31 - 1


def _is_string(value: Any) -> bool:
    return type(value) is str


def _is_int(value: Any) -> bool:
    return type(value) is int and -_MAX_INT - 1 <= value <= _MAX_INT


def _is_float(value: Any) -> bool:
    return type(value) is float and isfinite(value)


def _is_boolean(value: Any) -> bool:
    return type(value) is bool


# Values for which coercion is the identity.
_UNCHANGED: Final = (
    (GraphQLString, _is_string),
    (GraphQLID, _is_string),
    (GraphQLInt, _is_int),
    (GraphQLFloat, _is_float),
    (GraphQLBoolean, _is_boolean),
)


class _Variable(NamedTuple):
    signature: GraphQLVariableSignature
    is_unchanged: Callable[[Any], bool]
    is_required: bool


class VariablePlan:
    """Coerces the inputs of one operation's requests."""

    __slots__ = ("_definitions", "_schema", "_usual")

    def __init__(
        self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
    ) -> None:
        self._schema = schema
        self._definitions = definitions
        self._usual = _plan_usual(schema, definitions)

    def coerce(
        self, inputs: dict[str, Any], max_errors: int, *, hide_suggestions: bool
    ) -> VariableValues | list[GraphQLError]:
        """Return the coerced variables, or what is wrong with them."""
        return self._coerce_usual(inputs) or get_variable_values(
            self._schema, self._definitions, inputs, max_errors, hide_suggestions
        )

    def _coerce_usual(self, inputs: dict[str, Any]) -> VariableValues | None:
        """Coerce plain values of built-in scalars; None when there is anything else."""
        if self._usual is None:
            return None
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature, is_unchanged, is_required in self._usual:
            name = signature.name
            value = inputs.get(name, Undefined)
            if value is Undefined or value is None:
                if is_required or (value is Undefined and signature.default is not None):
                    return None
            elif not is_unchanged(value):
                return None
            sources[name] = VariableValueSource(signature, value)
            if value is not Undefined:
                coerced[name] = value
        return VariableValues(sources, coerced)


def _plan_usual(
    schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
) -> list[_Variable] | None:
    usual: list[_Variable] = []
    for definition in definitions:
        signature = get_variable_signature(schema, definition)
        if isinstance(signature, GraphQLError):
            return None
        nullable = get_nullable_type(signature.type)
        is_unchanged = next((check for type_, check in _UNCHANGED if type_ is nullable), None)
        if is_unchanged is None:
            return None
        usual.append(_Variable(signature, is_unchanged, is_non_null_type(signature.type)))
    return usual
