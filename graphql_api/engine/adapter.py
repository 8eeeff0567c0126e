"""What a library above graphql-core may tell the compiler about its resolvers.

The engine itself only knows graphql-core; `strawberry/` overrides this class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import GraphQLAbstractType, GraphQLField, GraphQLLeafType, GraphQLObjectType


EnumNames = tuple[type, dict[str, str]]
"""An `enum.Enum` class, and its members' output by member name."""


class Attribute(NamedTuple):
    """The resolver is `getattr(source, name)` and nothing else."""

    name: str


class Call(NamedTuple):
    """The resolver is `function(source)` and nothing else: it takes no `info`, no arguments."""

    function: Callable[[Any], Any]


class Default(NamedTuple):
    """graphql-core's default resolver: by key or by attribute, then called if callable."""

    name: str


Read = Attribute | Call | Default


class Resolver(NamedTuple):
    """A cheaper equivalent of a resolver: `function(source, info, **arguments)`.

    Where `takes_info` is false, it gets None for `info`.
    """

    function: Callable[..., Any]
    takes_info: bool


class TypeCheck(NamedTuple):
    """An equivalent of `is_type_of` that needs no `info`.

    Attributes:
        allows: whether a value is of the type.
        settled: classes whose every instance is, as far as `allows` has met any: it adds to them.
    """

    allows: Callable[[Any], bool]
    settled: set[type]


class Adapter:
    """Knows nothing beyond graphql-core."""

    def read(self, definition: GraphQLField) -> Read | None:  # noqa: ARG002
        """Say what a field's own resolver amounts to; None when it has to be called."""
        return None

    def resolver(self, definition: GraphQLField) -> Resolver | None:  # noqa: ARG002
        """Return something cheaper to call than a field's own resolver, if there is."""
        return None

    def type_check(
        self,
        type_: GraphQLObjectType,  # noqa: ARG002
    ) -> TypeCheck | None:
        """Return something cheaper to ask than `is_type_of`, if there is."""
        return None

    def type_name(
        self,
        type_: GraphQLAbstractType,  # noqa: ARG002
    ) -> Callable[[Any], str | None] | None:
        """Return a short cut for `resolve_type`: value → name, or None when it cannot say."""
        return None

    def leaf_names(
        self,
        type_: GraphQLLeafType,  # noqa: ARG002
    ) -> EnumNames | None:
        """Return the outputs of an enum whose members are those of a Python enum."""
        return None


PLAIN = Adapter()
