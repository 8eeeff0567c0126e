"""Selections written out as Python source: only here is known what generated code looks like.

A generated function is thin: it reads values, checks the plain ones itself and hands everything
else to `Field.finish` or `Node.append`. Names in it: `run` the run, `s` the source object, `path`
its path tuple, `vN` a value and then its completion, `w` the fields that are still awaited,
`FN`/`NN` constants for a field and a list's item node.
"""

from __future__ import annotations

from keyword import iskeyword
from typing import TYPE_CHECKING, Any, Final

from graphql import GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString
from graphql.type import scalars

from .adapter import Attribute, Call, Default
from .fields import Field
from .nodes import LeafNode, ListNode, Node, ObjectNode

if TYPE_CHECKING:
    from .adapter import EnumNames
    from .plan import Selection

# A value for which the condition is false is its own completion. Only while the scalar coerces as
# graphql-core made it.
_NOT_PLAIN: Final = (
    (GraphQLString, scalars.serialize_string, "type({0}) is not str"),
    (GraphQLID, scalars.serialize_id, "type({0}) is not str"),
    (
        GraphQLInt,
        scalars.serialize_int,
        "(type({0}) is not int or not -2147483648 <= {0} <= 2147483647)",
    ),
    (
        GraphQLFloat,
        scalars.serialize_float,
        "(type({0}) is not float or not -INF < {0} < INF)",
    ),
    (GraphQLBoolean, scalars.serialize_boolean, "{0} is not True and {0} is not False"),
)


def leaf_test(node: Node, value: str) -> str | None:
    """Return the condition under which a leaf value needs care; None: always."""
    for type_, function, condition in _NOT_PLAIN:
        if node.type is type_ and type_.coerce_output_value is function:
            test = condition.format(value)
            return test if node.required else f"{test} and {value} is not None"
    return None


class Unit:
    """Source of one module in the making.

    Attributes:
        constants: what the source refers to by name.
        functions: (node, attribute, function name): where the functions go once they exist.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}
        self.functions: list[tuple[Any, str, str]] = []
        self._queue: list[tuple[Any, str]] = []
        self._names = 0

    @property
    def source(self) -> str:
        """The module as written so far."""
        return "\n".join(self.lines) + "\n"

    def write(self, depth: int, line: str) -> None:
        """Add a line at the given indentation."""
        self.lines.append("    " * depth + line)

    def constant(self, prefix: str, value: Any) -> str:
        """Return a name for an object that the source refers to."""
        self._names += 1
        name = f"{prefix}{self._names}"
        self.constants[name] = value
        return name

    def function_for(self, node: ListNode | ObjectNode) -> str:
        """Return the name of a node's function, to be written later in this module."""
        self._names += 1
        name = (
            f"{'items' if isinstance(node, ListNode) else 'object'}_{node.field.key}_{self._names}"
        )
        self._queue.append((node, name))
        return name

    def write_functions(self) -> None:
        """Write the functions that were promised, and those that they promise in turn."""
        while self._queue:
            node, name = self._queue.pop()
            if isinstance(node, ListNode):
                self.functions.append((node, "items", name))
                self.items(node, name)
            else:
                self.functions.append((node, "execute", name))
                self.object(node.selection, name)

    # -- objects ---------------------------------------------------------------------------------

    def object(self, selection: Selection, name: str) -> None:
        """Write the function that executes a selection on one source object."""
        self.lines.append("")
        self.write(0, f"def {name}(run, s, path):  # {selection.type.name}")
        self.write(1, "w = None")
        if reads_by_default(selection):
            self.write(1, "by_key = is_mapping(s)")
        guarded = can_raise(selection)
        if guarded:
            self.write(1, "try:")
        values = self.fields(selection, 2 if guarded else 1, "path")
        if guarded:
            self.write(1, "except Exception:")
            self.write(2, "abandon(run, w)")
            self.write(2, "raise")
        self.write(1, f"results = {values}")
        self.write(1, "return results if w is None else join_fields(results, w)")

    def fields(self, selection: Selection, depth: int, parent: str) -> str:
        """Write the reading and completing of all fields; return the dictionary display."""
        display: list[str] = []
        before = len(self.lines)
        for number, (key, field) in enumerate(selection.fields.items()):
            if isinstance(field, str):
                display.append(f"{key!r}: {field!r}")
            else:
                display.append(f"{key!r}: v{number}")
                self.field(field, f"v{number}", depth, parent)
        if len(self.lines) == before:
            self.write(depth, "pass")
        return "{" + ", ".join(display) + "}"

    def field(self, field: Field, value: str, depth: int, parent: str) -> None:
        """Write one field: get the value, complete it if it is plain, else ask for care."""
        name = self.constant("F", field)
        read = field.read
        if read is None:
            self.write(depth, f"{value} = {name}.resolve(run, s, {parent})")
        else:
            self.write(depth, f"try: {value} = {self.reading(read)}")
            handler = "unread(error, by_key)" if isinstance(read, Default) else "error"
            self.write(depth, f"except Exception as error: {value} = {handler}")
        finish = "finish_read" if isinstance(read, Default) else "finish"
        careful = f"{value}, w = {name}.{finish}(run, {parent}, {value}, w)"
        node = field.node
        if isinstance(node, LeafNode):
            test = leaf_test(node, value)
            if test is None and node.names is None:
                self.custom_scalar(node, name, value, careful, depth, parent)
            elif node.names is not None:
                self.write(depth, self.enum(node.names, value, f"{value} = {{}}"))
                self.write(depth, f"else: {careful}")
            else:
                self.write(depth, f"if {test}: {careful}")
        else:
            self.composite(field, name, value, careful, depth, parent)

    def custom_scalar(
        self, node: LeafNode, name: str, value: str, careful: str, depth: int, parent: str
    ) -> None:
        """Write the coercion of a value of a class that is known never to be awaitable."""
        coerce = self.constant("S", node.type.coerce_output_value)
        self.write(depth, f"if KINDS[type({value})]:")
        self.write(depth + 1, f"try: coerced = {coerce}({value})")
        self.write(
            depth + 1, f"except Exception as error: {value} = {name}.fail(run, error, {parent})"
        )
        self.write(depth + 1, "else:")
        self.write(depth + 2, f"if coerced is None or coerced is Undefined: {careful}")
        self.write(depth + 2, f"else: {value} = coerced")
        otherwise = "else" if node.required else f"elif {value} is not None"
        self.write(depth, f"{otherwise}: {careful}")

    def reading(self, read: Attribute | Call | Default) -> str:
        """Return the expression that reads a value from the source."""
        if isinstance(read, Call):
            return f"{self.constant('C', read.function)}(s)"
        is_plain_name = (
            read.name.isidentifier() and read.name.isascii() and not iskeyword(read.name)
        )
        attribute = f"s.{read.name}" if is_plain_name else f"getattr(s, {read.name!r})"
        if isinstance(read, Default):
            return f"s.get({read.name!r}) if by_key else {attribute}"
        return attribute

    def enum(self, names: EnumNames, value: str, target: str) -> str:
        """Return the lookup of an enum member's output; an `else` is to follow."""
        cls, outputs = (self.constant("E", part) for part in names)
        return f"if type({value}) is {cls}: {target.format(f'{outputs}[{value}._name_]')}"

    def composite(
        self, field: Field, name: str, value: str, careful: str, depth: int, parent: str
    ) -> None:
        """Write the completion of a list or an object, plain ones by a direct call."""
        node = field.node
        if isinstance(node, ListNode):
            test, expected = f"type({value}) is list", "list"
        elif isinstance(node, ObjectNode) and inline_selection(node):
            test, expected = f"KINDS[type({value})]", "dict"
            if node.check is not None:
                test += f" and {self.constant('T', node.check.allows)}({value})"
        else:
            self.write(depth, careful)
            return
        function = self.function_for(node)
        path = f"({parent}, {field.key!r}, {field.typename!r})"
        self.write(depth, f"if {test}:")
        self.write(depth + 1, f"try: {value} = {function}(run, {value}, {path})")
        self.write(
            depth + 1, f"except Exception as error: {value} = {name}.fail(run, error, {parent})"
        )
        self.write(depth + 1, "else:")
        guard = f"{value}, w = {name}.guard(run, {parent}, {value}, w)"
        self.write(depth + 2, f"if type({value}) is not {expected}: {guard}")
        otherwise = "else" if node.required else f"elif {value} is not None"
        self.write(depth, f"{otherwise}: {careful}")

    # -- lists -----------------------------------------------------------------------------------

    def items(self, node: ListNode, name: str) -> None:
        """Write the loop that completes the items of an iterable."""
        item = node.item
        constant = self.constant("N", item)
        self.lines.append("")
        self.write(0, f"def {name}(run, values, path):  # {node.field.typename}.{node.field.name}")
        self.write(1, "results = []")
        self.write(1, "append = results.append")
        self.write(1, "waiting = None")
        selection = inline_selection(item)
        if selection:
            self.write(1, "seen = None")
        self.write(1, "rest = iter(values)")
        self.write(1, "try:")
        self.write(2, "for s in rest:")
        careful = f"waiting = {constant}.append(run, s, path, results, waiting)"
        if isinstance(item, LeafNode):
            self.leaf_item(item, careful)
        elif isinstance(item, ObjectNode) and selection:
            self.object_item(item, selection, constant, careful)
        else:
            if isinstance(item, ListNode):
                self.function_for(item)
            self.write(3, careful)
        self.write(1, "except Exception:")
        self.write(2, "abandon_items(run, waiting, rest)")
        self.write(2, "raise")
        self.write(1, "return results if waiting is None else join_items(results, waiting)")

    def leaf_item(self, item: LeafNode, careful: str) -> None:
        """Write the completion of a list's scalar or enum."""
        test = leaf_test(item, "s")
        if item.names is not None:
            self.write(3, self.enum(item.names, "s", "append({})"))
            self.write(3, f"else: {careful}")
        elif test is None:
            self.write(3, careful)
        else:
            self.write(3, f"if {test}: {careful}")
            self.write(3, "else: append(s)")

    def object_item(
        self, item: ObjectNode, selection: Selection, constant: str, careful: str
    ) -> None:
        """Write the completion of a list's object, its fields inline."""
        parent = "(path, len(results), None)"
        self.write(3, "if type(s) is not seen:")
        self.write(4, "kind = KINDS[type(s)]")
        self.write(4, "if not kind:")
        self.write(5, careful)
        self.write(5, "continue")
        self.write(4, "seen = type(s)")
        if reads_by_default(selection):
            self.write(4, "by_key = kind == MAPPING")
        self.write(3, "w = None")
        self.write(3, "try:")
        if item.check is not None:
            allows, settled = (self.constant("T", part) for part in item.check)
            test = f"seen not in {settled} and not {allows}(s)"
            self.write(4, f"if {test}: raise {constant}.wrong_type(s)")
        values = self.fields(selection, 4, parent)
        self.write(3, "except Exception as error:")
        self.write(4, "abandon(run, w)")
        self.write(4, f"append(fail(run, error, {constant}, {parent}))")
        self.write(4, "continue")
        self.write(3, f"if w is None: append({values})")
        joined = f"join_fields({values}, w)"
        self.write(
            3, f"else: waiting = {constant}.append_joined(run, {joined}, path, results, waiting)"
        )


def reads_by_default(selection: Selection) -> bool:
    """Tell whether any field is read as graphql-core's default resolver does."""
    return any(
        isinstance(field, Field) and isinstance(field.read, Default)
        for field in selection.fields.values()
    )


def can_raise(selection: Selection) -> bool:
    """Tell whether an error of any field nulls the whole object."""
    return any(
        isinstance(field, Field) and field.node.propagates for field in selection.fields.values()
    )


def inline_selection(node: Node) -> Selection | None:
    """Return what is selected on an object, unless its `is_type_of` has to be asked with care."""
    if not isinstance(node, ObjectNode) or (node.type.is_type_of and node.check is None):
        return None
    return node.selection
