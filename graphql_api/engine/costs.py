"""What an operation may cost its resolvers, counted before it is run: a price list and a sum.

The schema's owner says what each field costs and which arguments say how long its list is
(`CostModel`). A document is summed up once; where variables decide about the length of lists, the
sum is a polynomial in them, so that a request only fills in its numbers. A fragment is summed up
once and its sum added wherever it is spread.
"""

from __future__ import annotations

from collections import Counter
from math import ceil, prod
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    VariableNode,
    get_named_type,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import DocumentNode, SelectionSetNode, ValueNode

_META: Final = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


class FieldCost(NamedTuple):
    """What a field costs, by kinds of cost.

    Attributes:
        own: once whenever the field is resolved.
        each: for each item of its list.
        sized_by: the arguments that say how long the list is, by a number or by being a list
            themselves; of several the first that is given.
        size: the length where none is given.
        most: the greatest length; the resolver refuses longer ones.
        is_connection: the list is not the field itself but fields within it, which are `in_page`.
        in_page: a list of the connection around it.
    """

    own: Mapping[str, int] = {}
    each: Mapping[str, int] = {}
    sized_by: tuple[str, ...] = ()
    size: int = 1
    most: int = 100
    is_connection: bool = False
    in_page: bool = False


class CostModel(NamedTuple):
    """A price list.

    Attributes:
        fields: the cost of fields by `Type.field`, meta fields by their name; all others are free.
        weights: what one of each kind of cost is worth.
    """

    fields: Mapping[str, FieldCost]
    weights: Mapping[str, float]


class Cost(NamedTuple):
    """What an operation may cost.

    Attributes:
        total: in whole units.
        counts: how many of each kind of cost.
    """

    total: int
    counts: dict[str, int]


class _Length(NamedTuple):
    """The length of a list, as the request's variables will have it.

    Attributes:
        given: numbers, and names of variables with their defaults, in the order in which they
            count.
    """

    given: tuple[int | tuple[str, int | None], ...]
    size: int
    most: int

    @property
    def is_fixed(self) -> bool:
        return all(isinstance(each, int) for each in self.given)

    def of(self, variables: Mapping[str, Any]) -> int:
        for each in self.given:
            length = each if isinstance(each, int) else _length(variables.get(each[0], each[1]))
            if length is not None:
                return max(0, min(length, self.most))
        return self.size


_AROUND: Final = _Length((), 1, 1)
"""Stands for the length of the connection around, until that is known."""
_Terms = Counter[tuple[str, tuple[_Length, ...]]]
"""(kind, lengths that it is multiplied by) → how often."""


class OperationCost:
    """The cost of one operation, once its variables are known.

    Attributes:
        ceiling: the most that it comes to, whatever the variables.
    """

    __slots__ = ("_constant", "_terms", "_weights", "ceiling")

    def __init__(self, terms: _Terms, weights: Mapping[str, float]) -> None:
        self._terms = terms
        self._weights = weights
        is_constant = all(length.is_fixed for _, lengths in terms for length in lengths)
        self._constant = self._sum({}) if is_constant else None
        self.ceiling = self._sum(None).total

    def of(self, variables: Mapping[str, Any] | None) -> Cost:
        """Return the cost of a request with these variables, as they were sent."""
        return self._constant or self._sum(variables or {})

    def _sum(self, variables: Mapping[str, Any] | None) -> Cost:
        counts = dict.fromkeys(self._weights, 0)
        for (kind, lengths), times in self._terms.items():
            counts[kind] += times * prod(
                length.most
                if variables is None and not length.is_fixed
                else length.of(variables or {})
                for length in lengths
            )
        return Cost(ceil(sum(self._weights[kind] * n for kind, n in counts.items())), counts)


def costs_of(
    schema: GraphQLSchema, model: CostModel, document: DocumentNode
) -> dict[str | None, OperationCost]:
    """Return the cost of each operation of a document, which need not be valid, by its name."""
    return {
        definition.name.value if definition.name else None: OperationCost(
            _Sum(schema, model, document, definition).terms, model.weights
        )
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    }


class _Sum:
    """Sums up the selection sets of one operation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        model: CostModel,
        document: DocumentNode,
        operation: OperationDefinitionNode,
    ) -> None:
        self._schema = schema
        self._model = model
        self._defaults = {
            each.variable.name.value: _literal_length(each.default_value)
            for each in operation.variable_definitions or ()
        }
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._known: dict[str, _Terms] = {}
        root = schema.get_root_type(operation.operation)
        self.terms = self._selection_set(root, operation.selection_set)

    def _selection_set(
        self, parent: GraphQLNamedType | None, selection_set: SelectionSetNode
    ) -> _Terms:
        terms = _Terms()
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                terms.update(self._field(parent, selection))
            elif isinstance(selection, FragmentSpreadNode):
                terms.update(self._fragment(selection.name.value))
            else:
                condition: Any = getattr(selection, "type_condition", None)
                within = self._schema.get_type(condition.name.value) if condition else parent
                terms.update(self._selection_set(within, selection.selection_set))  # type: ignore[attr-defined]  # an inline fragment
        return terms

    def _fragment(self, name: str) -> _Terms:
        known = self._known.get(name)
        if known is None:
            self._known[name] = known = _Terms()  # met again within itself it is a cycle
            fragment = self._fragments.get(name)
            if fragment is not None:
                condition = self._schema.get_type(fragment.type_condition.name.value)
                known = self._known[name] = self._selection_set(condition, fragment.selection_set)
        return known

    def _field(self, parent: GraphQLNamedType | None, field: FieldNode) -> _Terms:
        name = field.name.value
        definition = getattr(parent, "fields", {}).get(name) or _META.get(name)
        if parent is None or definition is None:
            return _Terms()
        key = name if name in _META else f"{parent.name}.{name}"
        cost = self._model.fields.get(key, _FREE)
        inner = _terms(cost.each)
        if field.selection_set:
            inner.update(self._selection_set(get_named_type(definition.type), field.selection_set))
        if cost.is_connection:
            inner = _placed(inner, self._length(cost, field))
        elif cost.in_page:
            inner = _times(inner, _AROUND)
        elif cost.sized_by:
            inner = _times(inner, self._length(cost, field))
        inner.update(_terms(cost.own))
        return inner

    def _length(self, cost: FieldCost, field: FieldNode) -> _Length:
        arguments = {each.name.value: each.value for each in field.arguments or ()}
        given: list[int | tuple[str, int | None]] = []
        for name in cost.sized_by:
            value = arguments.get(name)
            if isinstance(value, VariableNode):
                variable = value.name.value
                given.append((variable, self._defaults.get(variable)))
            elif (literal := _literal_length(value)) is not None:
                given.append(literal)
                break
        return _Length(tuple(given), cost.size, cost.most)


_FREE: Final = FieldCost()


def _terms(counts: Mapping[str, int]) -> _Terms:
    return _Terms({(kind, ()): count for kind, count in counts.items()})


def _times(terms: _Terms, length: _Length) -> _Terms:
    return _Terms({(kind, (*by, length)): count for (kind, by), count in terms.items()})


def _placed(terms: _Terms, length: _Length) -> _Terms:
    """Let what is in the page of a connection have its length."""
    placed = _Terms()
    for (kind, by), count in terms.items():
        placed[kind, tuple(length if each is _AROUND else each for each in by)] += count
    return placed


def _literal_length(value: ValueNode | None) -> int | None:
    """The length that a literal says; what is no length is left to validation."""
    match value:
        case IntValueNode():
            return int(value.value) if len(value.value) < 10 else 10**9  # noqa: PLR2004 - digits
        case ListValueNode():
            return len(value.values)
        case None | NullValueNode():
            return None
    return 1


def _length(value: Any) -> int | None:
    """The same of a variable's value; one that is not a list stands for a list of itself."""
    if value is None:
        return None
    if isinstance(value, list):
        return len(value)
    return value if type(value) is int else 1
