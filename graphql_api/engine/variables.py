"""An operation's variables: the usual ones coerced at once, all others by graphql-core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import (
    GraphQLError,
    GraphQLSchema,
    VariableDefinitionNode,
    get_variable_values,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.pyutils import Undefined

from .inputs import UNUSUAL, plan_input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class _Variable(NamedTuple):
    signature: GraphQLVariableSignature
    coerce: Callable[[Any], Any]
    may_be_absent: bool


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
        """Coerce values that are right; None when there is anything else, a default included."""
        if self._usual is None:
            return None
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature, coerce, may_be_absent in self._usual:
            name = signature.name
            value = inputs.get(name, Undefined)
            sources[name] = VariableValueSource(signature, value)
            if value is Undefined:
                if not may_be_absent:
                    return None
                continue
            result = coerce(value)
            if result is UNUSUAL:
                return None
            coerced[name] = result
        return VariableValues(sources, coerced)


def _plan_usual(
    schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
) -> list[_Variable] | None:
    usual: list[_Variable] = []
    for definition in definitions:
        signature = get_variable_signature(schema, definition)
        if isinstance(signature, GraphQLError):
            return None
        coerce = plan_input(signature.type)
        if coerce is None:
            return None
        may_be_absent = signature.default is None and not is_non_null_type(signature.type)
        usual.append(_Variable(signature, coerce, may_be_absent))
    return usual
