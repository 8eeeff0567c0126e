"""From an operation to a tree of selections, fields and nodes, ready to be emitted as code.

Fields are collected by graphql-core itself, for given values of the variables that @skip and
@include use: one `Variant` per combination of those. What an abstract type turns out to be is
planned and compiled when it is first met.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from graphql.pyutils import Undefined
from graphql.type.directives import GraphQLDisableErrorPropagationDirective

from .adapter import Adapter, Default
from .arguments import plan_arguments
from .fallback import NotCompilableError, Reason, reason_in_document
from .fields import Field
from .nodes import AbstractNode, LeafNode, ListNode, Node, ObjectNode
from .variables import VariablePlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet

    from .runtime import Run

MAX_FIELDS: Final = 500
"""Fields of one variant beyond which an operation is not compiled."""
MAX_VARIANTS: Final = 16
"""Combinations of conditions that are compiled for one operation."""


class Budget:
    """How many more fields may be planned at once.

    A strict budget that runs out refuses the operation; any other leaves the rest for later.
    """

    __slots__ = ("fields", "is_strict")

    def __init__(self, *, is_strict: bool) -> None:
        self.fields = MAX_FIELDS
        self.is_strict = is_strict

    def spend(self) -> None:
        """Take one field off.

        Raises:
            NotCompilableError: a strict budget has run out.
        """
        self.fields -= 1
        if self.is_strict and self.fields < 0:
            raise NotCompilableError(Reason.TOO_LARGE)

    @property
    def is_spent(self) -> bool:
        """Tell whether further objects are to be left for later."""
        return self.fields < 0


class Selection(NamedTuple):
    """The fields to execute on an object type; a string stands for `__typename`."""

    type: GraphQLObjectType
    fields: dict[str, Field | str]


class Operation:
    """One operation of a document: what all its runs share.

    Raises (the constructor):
        NotCompilableError: graphql-core has to run it.
    """

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, name: str | None, adapter: Adapter
    ) -> None:
        reason = reason_in_document(document)
        if reason:
            raise NotCompilableError(reason)
        self.schema = schema
        self.document = document
        self.adapter = adapter
        self.definition = _find_operation(document, name)
        self.fragment_definitions = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self.fragments = {
            key: FragmentDetails(value) for key, value in self.fragment_definitions.items()
        }
        self.variables = VariablePlan(schema, self.definition.variable_definitions or ())
        self.conditions = _condition_variables(document)
        self.propagates = not any(
            directive.name.value == GraphQLDisableErrorPropagationDirective.name
            for directive in self.definition.directives or ()
        )
        self.variants: dict[Any, Variant] = {}
        self.lock = RLock()

    def variant(self, variables: VariableValues, *, own_resolver: bool, serially: bool) -> Variant:
        """Return the compiled variant for these variables, compiling it if need be.

        Raises:
            NotCompilableError: it cannot or should not be compiled.
        """
        coerced = variables.coerced
        key: tuple[Any, ...] = (own_resolver, serially)
        if self.conditions:
            key += tuple([coerced.get(name, Undefined) for name in self.conditions])
        try:
            return self.variants[key]
        except KeyError:
            return self._make_variant(key, own_resolver=own_resolver, serially=serially)
        except TypeError:  # a condition that cannot be hashed: the document was not validated
            raise NotCompilableError(Reason.CUSTOM_CONDITIONS) from None

    def _make_variant(self, key: Any, *, own_resolver: bool, serially: bool) -> Variant:
        with self.lock:
            if key in self.variants:
                return self.variants[key]
            if len(self.variants) >= MAX_VARIANTS:
                raise NotCompilableError(Reason.TOO_MANY_VARIANTS)
            conditions = dict(zip(self.conditions, key[2:], strict=True))
            values = VariableValues(
                {}, {name: value for name, value in conditions.items() if value is not Undefined}
            )
            variant = Variant(self, values, own_resolver=own_resolver, serially=serially)
            self.variants[key] = variant
            return variant


class Variant:
    """An operation for given conditions, compiled: `run` gives the data or an awaitable of it.

    Attributes:
        own_resolver: whether fields without a resolver go to one that the caller gave.
        sources: the generated units, (file name, source), in order of their making.
    """

    def __init__(
        self,
        operation: Operation,
        conditions: VariableValues,
        *,
        own_resolver: bool,
        serially: bool,
    ) -> None:
        from .compiler import compile_root  # noqa: PLC0415 - the two need each other

        self.operation = operation
        self.conditions = conditions
        self.own_resolver = own_resolver
        self.sources: list[Any] = []
        self.selection = self._root_selection()
        self.run: Callable[[Run], Any] = compile_root(self, serially=serially)

    def _root_selection(self) -> Selection:
        """Plan the operation's own selection set.

        Raises:
            NotCompilableError: the schema has no such root, the operation is too large, or its
                conditions are wrong.
        """
        operation = self.operation
        root_type = operation.schema.get_root_type(operation.definition.operation)
        if root_type is None:
            raise NotCompilableError(Reason.NO_OPERATION)
        try:
            grouped = collect_fields(
                operation.schema,
                operation.fragments,
                self.conditions,
                root_type,
                operation.definition,
            ).grouped_field_set
            return self._plan(root_type, grouped, Budget(is_strict=True))
        except GraphQLError:
            raise NotCompilableError(Reason.CUSTOM_CONDITIONS) from None

    def subselection(
        self, type_: GraphQLObjectType, details: FieldDetailsList, budget: Budget
    ) -> Selection:
        """Plan what is selected on an object that a field leads to."""
        operation = self.operation
        grouped = collect_subfields(
            operation.schema,
            operation.fragments,
            self.conditions,
            operation.definition,
            type_,
            details,
        ).grouped_field_set
        return self._plan(type_, grouped, budget)

    def _plan(
        self, type_: GraphQLObjectType, grouped: GroupedFieldSet, budget: Budget
    ) -> Selection:
        """Plan the fields of an object type.

        Raises:
            NotCompilableError: there are more fields than may be compiled at once.
        """
        fields: dict[str, Field | str] = {}
        for key, details in grouped.items():
            name = details[0].node.name.value
            if name == "__typename":
                fields[key] = type_.name
                continue
            definition = self.operation.schema.get_field(type_, name)
            if definition is None:
                continue
            budget.spend()
            fields[key] = self._field(key, type_, definition, details, budget)
        return Selection(type_, fields)

    def _field(
        self,
        key: str,
        type_: GraphQLObjectType,
        definition: Any,
        details: FieldDetailsList,
        budget: Budget,
    ) -> Field:
        nodes = [detail.node for detail in details]
        arguments = plan_arguments(definition, nodes[0])
        field = Field(key, nodes, definition, type_, arguments, None)
        if definition.resolve is not None:
            field.read = self.operation.adapter.read(definition)
            cheaper = self.operation.adapter.resolver(definition)
            if cheaper is not None:
                field.resolver, field.takes_info = cheaper
        elif not self.own_resolver and not callable(arguments):
            field.read = Default(field.name)
        field.node = self._node(field, definition.type, details, budget)
        return field

    def _node(self, field: Field, type_: Any, details: FieldDetailsList, budget: Budget) -> Node:
        required = is_non_null_type(type_)
        if required:
            type_ = type_.of_type
        flags = {"required": required, "propagates": self.operation.propagates}
        if is_leaf_type(type_):
            leaf = LeafNode(field, type_, **flags)
            leaf.names = self.operation.adapter.leaf_names(type_)
            return leaf
        if is_list_type(type_):
            listing = ListNode(field, type_, **flags)
            listing.item = self._node(field, type_.of_type, details, budget)
            return listing
        if is_abstract_type(type_):
            return self._abstract_node(AbstractNode(field, type_, **flags), details)
        node = ObjectNode(field, type_, **flags)
        node.check = self.operation.adapter.type_check(type_) if type_.is_type_of else None
        if budget.is_spent:
            node.selection = None
            node.execute = self._deferred(node, details)
        else:
            node.selection = self.subselection(type_, details, budget)
            node.execute = self._deferred(node)
        return node

    def _abstract_node(self, node: AbstractNode, details: FieldDetailsList) -> AbstractNode:
        def selection_for(type_: GraphQLObjectType) -> ObjectNode:
            target = ObjectNode(node.field, type_, required=node.required, propagates=True)
            target.check = self.operation.adapter.type_check(type_) if type_.is_type_of else None
            target.selection = None
            target.execute = self._deferred(target, details)
            return target

        node.quick_name = self.operation.adapter.type_name(node.type)
        node.targets = {}
        node.details = details
        node.selection_for = selection_for
        return node

    def _deferred(
        self, node: ObjectNode, details: FieldDetailsList | None = None
    ) -> Callable[[Run, Any, Any], Any]:
        """Return a function that compiles the node's own on its first call and steps aside."""

        def execute(run: Run, source: Any, path: Any) -> Any:
            self.compile_now(node, details)
            return node.execute(run, source, path)

        return execute

    def compile_now(self, node: ObjectNode, details: FieldDetailsList | None) -> None:
        """Plan (where `details` are given) and compile a node that had been left for later."""
        from .compiler import compile_object  # noqa: PLC0415 - the two need each other

        with self.operation.lock:
            selection = node.selection
            if selection is None:
                budget = Budget(is_strict=False)
                selection = self.subselection(node.type, details or [], budget)
                node.selection = selection
            node.execute = compile_object(self, selection)

    def complete(self) -> None:
        """Compile also what has been left for later, for all types that it might be."""
        self._complete_selection(self.selection)

    def _complete_selection(self, selection: Selection | None) -> None:
        for field in selection.fields.values() if selection else ():
            if not isinstance(field, str):
                self._complete_node(field.node)

    def _complete_node(self, node: Node) -> None:
        while isinstance(node, ListNode):
            node = node.item
        if isinstance(node, ObjectNode):
            self._complete_selection(node.selection)
        elif isinstance(node, AbstractNode) and len(self.sources) < MAX_VARIANTS:
            for type_ in self.operation.schema.get_possible_types(node.type):
                target = node.targets.setdefault(type_.name, node.selection_for(type_))
                if target.selection is None:
                    self.compile_now(target, node.details)
                self._complete_node(target)


def _find_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = [
        definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        and (name is None or (definition.name and definition.name.value == name))
    ]
    if not found or (name is None and len(found) > 1):
        raise NotCompilableError(Reason.NO_OPERATION)
    return found[-1]


def _condition_variables(document: DocumentNode) -> tuple[str, ...]:
    """Return the names of the variables that @skip and @include look at."""
    names: dict[str, None] = {}
    stack: list[Any] = [getattr(node, "selection_set", None) for node in document.definitions]
    while stack:
        selection_set = stack.pop()
        for selection in selection_set.selections if selection_set else ():
            for directive in selection.directives or ():
                if directive.name.value in ("skip", "include"):
                    for argument in directive.arguments or ():
                        if isinstance(argument.value, VariableNode):
                            names[argument.value.name.value] = None
            stack.append(getattr(selection, "selection_set", None))
    return tuple(names)


def is_serial(definition: OperationDefinitionNode) -> bool:
    """Tell whether an operation's top-level fields run one after the other."""
    return definition.operation is OperationType.MUTATION
