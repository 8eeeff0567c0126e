"""The documents that are run and no others: read, parsed, validated and compiled at start."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from graphql_api.engine import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from graphql_api.schema.build import PartySchema

MANIFEST = "apollo-persisted-query-manifest"
HASH_PREFIX = "sha256:"


class TrustedDocumentsError(Exception):
    """The file cannot be used; the message says where it is wrong and what to do."""


class TrustedDocuments:
    """Documents by their ids and by the SHA-256 of their texts.

    Args:
        texts: the documents by id.
    """

    def __init__(self, texts: dict[str, str]) -> None:
        self._by_hash = {_hash(text): text for text in texts.values()}
        self._by_id = self._by_hash | texts

    def __len__(self) -> int:
        return len(self._by_hash)

    def find(self, text: str | None, document_id: str | None) -> str | None:
        """The document of an id or hash, or the text itself where it is a trusted one's."""
        if document_id is not None:
            found = self._by_id.get(document_id.removeprefix(HASH_PREFIX))
            return found if text is None or text == found else None
        return None if text is None else self._by_hash.get(_hash(text))


def load_trusted_documents(path: Path, schema: PartySchema) -> TrustedDocuments:
    """Read the map of ids to documents that Relay and graphql-codegen write, or Apollo's manifest.

    Raises:
        TrustedDocumentsError: there is no such file, it has another form, or holds a document that
            is not valid.
    """
    texts = _texts(path)
    for document_id, text in texts.items():
        document = schema.keep(text)
        if document.refusal is not None:
            kind = "does not parse" if document.refusal is Refusal.PARSING else "is not valid"
            raise TrustedDocumentsError(
                f"TRUSTED_DOCUMENTS: document {document_id} in {path} {kind}: "
                f"{document.errors[0].message} Compile it anew against this server's "
                "schema.graphql."
            )
    return TrustedDocuments(texts)


def _texts(path: Path) -> dict[str, str]:
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise TrustedDocumentsError(
            f"TRUSTED_DOCUMENTS: {path} cannot be read ({error.strerror}): give the file that "
            "your client's compiler writes."
        ) from error
    except orjson.JSONDecodeError as error:
        raise TrustedDocumentsError(f"TRUSTED_DOCUMENTS: {path} is not JSON: {error}.") from error
    texts = _by_id(content)
    if texts is None:
        raise TrustedDocumentsError(
            f"TRUSTED_DOCUMENTS: {path} is neither a JSON object of documents by id nor Apollo's "
            "manifest of persisted queries."
        )
    return texts


def _by_id(content: Any) -> dict[str, str] | None:
    if not isinstance(content, dict):
        return None
    if content.get("format") == MANIFEST:
        operations: Iterable[Any] = content.get("operations") or ()
        try:
            content = {each["id"]: each["body"] for each in operations}
        except (TypeError, KeyError):
            return None
    are_texts = all(isinstance(text, str) for text in content.values())
    return content if are_texts and content else None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
