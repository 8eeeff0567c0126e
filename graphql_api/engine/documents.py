"""Request texts, parsed and validated once.

Good and failing documents have caches of their own: bad queries cannot evict good ones.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
)

from .cache import BoundedCache
from .limits import LimitExceededError, Limits, check
from .tally import TALLY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .costs import OperationCost

MAX_DOCUMENTS: Final = 512
MAX_FAILING: Final = 128
MAX_CACHED_TEXT: Final = 65_536
"""Characters of the longest text that is remembered."""


class Refusal(StrEnum):
    """At which step a request was refused before anything was executed."""

    LIMITS = "limits"
    PARSING = "parsing"
    VALIDATION = "validation"
    OPERATION = "operation"
    OPERATION_TYPE = "operation type"
    VARIABLES = "variables"


class Document:
    """A request text that was looked at.

    Attributes:
        node: the parsed document; None when it could not be parsed.
        refusal: the step that failed, with its `errors`; None for a valid document.
        default_name: the name of the first operation, if it has one.
        costs: what each operation costs, by its name; empty without a cost model.
    """

    __slots__ = ("costs", "default_name", "errors", "node", "operation_types", "refusal")

    def __init__(
        self, node: DocumentNode | None, errors: list[GraphQLError], refusal: Refusal | None
    ) -> None:
        self.node = node
        self.refusal = refusal
        # The frames of the parser need not live as long as the cache.
        self.errors = [error.with_traceback(None) for error in errors]
        operations = [
            definition
            for definition in (node.definitions if node else ())
            if isinstance(definition, OperationDefinitionNode)
        ]
        self.operation_types: dict[str | None, OperationType] = {
            operation.name.value if operation.name else None: operation.operation
            for operation in reversed(operations)
        }
        first = operations[0].name if operations else None
        self.default_name = first.value if first else None
        self.costs: Mapping[str | None, OperationCost] = {}

    @property
    def valid_node(self) -> DocumentNode:
        """The parsed document of a text that was not refused."""
        if self.node is None:
            raise ValueError("a document that could not be parsed")
        return self.node


_Split = tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]


def _split(rules: tuple[Any, ...]) -> _Split:
    """Return the rules, those that last longer than a request, and those that do not."""
    passing = tuple(rule for rule in rules if "<locals>" in rule.__qualname__)
    return rules, tuple(rule for rule in rules if rule not in passing), passing


class DocumentCache:
    """Parses and validates request texts.

    Args:
        validate: (document, rules) → errors.
        limits: what a document may have at most; a larger one is not validated.
        costs: what a document's operations cost, by their names.
    """

    def __init__(
        self,
        validate: Callable[[DocumentNode, Sequence[Any]], list[GraphQLError]],
        limits: Limits | None = None,
        costs: Callable[[DocumentNode], Mapping[str | None, OperationCost]] | None = None,
    ) -> None:
        self._validate = validate
        self._limits = limits or Limits()
        self._costs = costs
        self._split: _Split = ((), (), ())
        self.good: BoundedCache[Document] = BoundedCache(MAX_DOCUMENTS)
        self.failing: BoundedCache[Document] = BoundedCache(MAX_FAILING)
        self._kept: dict[str, Document] = {}

    def keep(self, text: str, rules: tuple[Any, ...]) -> Document:
        """Return the document of a text, and for a good one remember it for ever.

        Whoever has it kept answers for its size.
        """
        document = self._make(text, rules, {}, Limits())
        if document.refusal is None:
            self._kept[text] = document
        return document

    def get(self, text: str, rules: tuple[Any, ...], options: dict[str, Any]) -> Document:
        """Return the document of a text, remembered or made now.

        Rules that are made anew for every request (classes local to a function) are applied
        anew as well; all others count as part of the text.
        """
        split = self._split
        if split[0] is not rules:
            split = self._split = _split(rules)
        _, lasting, passing = split
        key = (text, lasting, *options.items()) if options else (text, lasting)
        document = self.good.get(key) or self.failing.get(key)
        if document is None:
            document = self._look_up(key, text, lasting, options)
        if not passing or document.node is None:
            return document
        if document.refusal is None and not self._validate(document.node, passing):
            return document
        return Document(document.node, self._validate(document.node, rules), Refusal.VALIDATION)

    def _look_up(
        self, key: tuple[Any, ...], text: str, rules: tuple[Any, ...], options: dict[str, Any]
    ) -> Document:
        kept = self._kept.get(text)
        if kept is not None:
            return kept
        if len(text) > MAX_CACHED_TEXT:
            return self._make(text, rules, options, self._limits)
        try:
            return self.good.get_or_make(key, lambda: self._make_good(text, rules, options))
        except _FailingError as failing:
            self.failing.put(key, failing.document)
            return failing.document

    def _make_good(self, text: str, rules: tuple[Any, ...], options: dict[str, Any]) -> Document:
        document = self._make(text, rules, options, self._limits)
        if document.refusal is not None:
            raise _FailingError(document)
        return document

    def _make(
        self, text: str, rules: tuple[Any, ...], options: dict[str, Any], limits: Limits
    ) -> Document:
        TALLY.documents += 1
        try:
            node = _parse(text, options, limits)
            check(node, limits)
        except LimitExceededError as error:
            return Document(None, [error], Refusal.LIMITS)
        except GraphQLError as error:
            return Document(None, [error], Refusal.PARSING)
        except Exception as error:  # noqa: BLE001 - such as a text that is none
            wrapped = GraphQLError(str(error), original_error=error)
            return Document(None, [wrapped], Refusal.PARSING)
        errors = self._validate(node, rules) if rules else []
        document = Document(node, errors, Refusal.VALIDATION if errors else None)
        if self._costs is not None and document.refusal is None:
            document.costs = self._costs(node)
        return document


def _parse(text: str, options: dict[str, Any], limits: Limits) -> DocumentNode:
    """Parse a text within limits.

    Raises:
        LimitExceededError: it is longer than it may be.
        GraphQLError: it does not parse.
    """
    if limits.characters is not None and len(text) > limits.characters:
        raise LimitExceededError("characters", len(text), limits.characters)
    if limits.tokens is None:
        return parse(text, **options)
    try:
        return parse(text, max_lexical_tokens=limits.tokens, **options)
    except GraphQLSyntaxError as error:
        if error.description.startswith(f"Document contains more than {limits.tokens} tokens."):
            raise LimitExceededError("tokens", limits.tokens + 1, limits.tokens) from None
        raise


class _FailingError(Exception):
    """Carries a failing document past the cache of good ones."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
