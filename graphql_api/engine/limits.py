"""How large a document is, counted before it is validated: one walk that knows no schema.

What a fragment holds is counted once and added wherever it is spread, so that fragments that grow
exponentially are counted in full and walked once; a cycle counts nothing more and is left to
validation. What an operation costs its resolvers is the business of `costs.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
)

if TYPE_CHECKING:
    from graphql import DocumentNode, SelectionSetNode

MANY: Final = 10**9
"""From here on a count is told as this, lest an answer be as long as the bomb it speaks of."""
DEEPEST: Final = 100
"""Selection sets within each other, fragments' too, beyond which nothing is counted any more."""


class Limits(NamedTuple):
    """The most that an operation may have; None for as much as it likes.

    Attributes:
        characters: of the document's text.
        tokens: of the document, without comments.
        depth: fields within each other.
        fields: all of them, fragments expanded, as are the following.
        aliases: fields under another name.
        root_fields: fields at the top of an operation.
        directives: uses of directives.
        cost: in the units of a cost model, with the variables of the request.
        errors: of an invalid document, that are told at once.
    """

    characters: int | None = None
    tokens: int | None = None
    depth: int | None = None
    fields: int | None = None
    aliases: int | None = None
    root_fields: int | None = None
    directives: int | None = None
    cost: int | None = None
    errors: int | None = None


_TOLD: Final = {
    "characters": "The document has {} characters",
    "tokens": "The document has {} tokens or more",
    "depth": "The operation nests its fields {} deep",
    "fields": "The operation has {} fields, fragments expanded",
    "aliases": "The operation has {} aliases, fragments expanded",
    "root_fields": "The operation has {} fields at its top",
    "directives": "The operation has {} directives",
    "cost": "The operation may cost {} units",
}


class LimitExceededError(GraphQLError):
    """There is more of something than a limit allows; `extensions.limit` says of what."""

    def __init__(self, name: str, found: int, most: int) -> None:
        told = min(found, MANY)
        amount = f"{told:,}" if found < MANY else f"{MANY:,} or more"
        super().__init__(
            f"{_TOLD[name].format(amount)}; {most:,} is the most that is run here.",
            extensions={"limit": {"name": name, "most": most, "found": told}},
        )


class Size(NamedTuple):
    """What a selection set holds, fragments expanded."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0


def check(document: DocumentNode, limits: Limits) -> None:
    """Count each operation of a document.

    Raises:
        LimitExceededError: one has more of something than it may.
    """
    walk = _Walk(document, limits)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            size = walk.size(definition.selection_set, len(definition.directives or ()), 0)
            for name, found in size._asdict().items():
                most = getattr(limits, name)
                if most is not None and found > most:
                    raise LimitExceededError(name, found, most)


class _Walk:
    """Counts selection sets; each fragment's once."""

    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self._deepest = limits.depth or DEEPEST
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._sizes: dict[str, Size] = {}

    def size(self, selection_set: SelectionSetNode, directives: int, level: int) -> Size:
        """Return the size of a selection set and of what it belongs to.

        Raises:
            LimitExceededError: selection sets are nested deeper than this walk follows.
        """
        if level >= DEEPEST:
            raise LimitExceededError("depth", level, min(self._deepest, DEEPEST))
        depth = fields = aliases = roots = 0
        for selection in selection_set.selections:
            directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                fields += 1
                roots += 1
                aliases += selection.alias is not None
                within = (
                    self.size(selection.selection_set, 0, level + 1)
                    if selection.selection_set
                    else Size()
                )
                depth = max(depth, 1 + within.depth)
            else:
                within = self._of_fragment(selection, level)
                roots += within.root_fields
                depth = max(depth, within.depth)
            fields += within.fields
            aliases += within.aliases
            directives += within.directives
        return Size(depth, fields, aliases, roots, directives)

    def _of_fragment(self, selection: Any, level: int) -> Size:
        if not isinstance(selection, FragmentSpreadNode):
            return self.size(selection.selection_set, 0, level + 1)
        name = selection.name.value
        known = self._sizes.get(name)
        if known is None:
            self._sizes[name] = Size()  # met again within itself it is a cycle
            fragment = self._fragments.get(name)
            if fragment is None:
                return Size()
            directives = len(fragment.directives or ())
            known = self.size(fragment.selection_set, directives, level + 1)
            self._sizes[name] = known
        return known
