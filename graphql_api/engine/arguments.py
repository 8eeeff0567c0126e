"""A field's arguments, worked out when it is compiled as far as they can be.

Whatever is not simple is left to graphql-core's `get_argument_values`, errors included.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_argument_values,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_list_type,
    is_non_null_type,
    is_specified_scalar_type,
)
from graphql.pyutils import Undefined
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from .runtime import Run

    Arguments: TypeAlias = dict[str, Any] | Callable[[Run], dict[str, Any]] | None

_NOT_SIMPLE: Final = object()
_ATOMS: Final = (str, int, float, bool, type(None), type(Undefined), Enum)


class _Step(NamedTuple):
    out_name: str
    variable: str | None
    value: Any
    required: bool


def plan_arguments(definition: GraphQLField, node: FieldNode) -> Arguments:
    """Return None (no arguments), a dictionary that never changes, or a function of the run."""
    if not definition.args:
        return None
    steps = _plan_steps(definition, node)
    if steps is None:
        return _general(definition, node)
    if all(step.variable is None for step in steps):
        return {step.out_name: step.value for step in steps if step.value is not Undefined}
    return _from_variables(steps, _general(definition, node))


def _general(definition: GraphQLField, node: FieldNode) -> Callable[[Run], dict[str, Any]]:
    def arguments(run: Run) -> dict[str, Any]:
        return get_argument_values(definition, node, run.variables, None, run.hide_suggestions)

    return arguments


def _from_variables(
    steps: list[_Step], general: Callable[[Run], dict[str, Any]]
) -> Callable[[Run], dict[str, Any]]:
    def arguments(run: Run) -> dict[str, Any]:
        coerced = run.variables.coerced
        result: dict[str, Any] = {}
        for out_name, variable, constant, required in steps:
            value = constant if variable is None else coerced.get(variable, constant)
            if required and (value is None or value is Undefined):
                return general(run)
            if value is not Undefined:
                result[out_name] = value
        return result

    return arguments


def _plan_steps(definition: GraphQLField, node: FieldNode) -> list[_Step] | None:
    """Return one step per declared argument, or None where a value is not simple."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    steps: list[_Step] = []
    for name, argument in definition.args.items():
        literal = given.get(name)
        variable = literal.name.value if isinstance(literal, VariableNode) else None
        value = _constant(argument, None if variable else literal)
        required = is_non_null_type(argument.type)
        if value is _NOT_SIMPLE or (required and not variable and value in (None, Undefined)):
            return None
        steps.append(_Step(argument.out_name or name, variable, value, required))
    return steps


def _constant(argument: GraphQLArgument, literal: ValueNode | None) -> Any:
    """Return the value of a literal, or of the default; Undefined where there is neither.

    Only values that nobody can change and that coercion gives every time: built-in scalars and
    enums.
    """
    named = get_named_type(argument.type)
    simple_type = is_specified_scalar_type(named) or is_enum_type(named)
    if literal is None:
        try:
            value = coerce_default_value(argument)
        except TypeError:
            return _NOT_SIMPLE
        return value if isinstance(value, _ATOMS) else _NOT_SIMPLE
    if not simple_type or is_list_type(get_nullable_type(argument.type)):
        return _NOT_SIMPLE
    if isinstance(literal, (ListValueNode, ObjectValueNode)):
        return _NOT_SIMPLE
    value = coerce_input_literal(literal, argument.type)
    return value if isinstance(value, _ATOMS) and value is not Undefined else _NOT_SIMPLE
