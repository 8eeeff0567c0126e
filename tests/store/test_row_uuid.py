"""UUIDs of rows are UUIDs, whatever is done with them."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING
from uuid import UUID

from cassandra.cqltypes import UUIDType
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.store.row_uuid import RowUUID, row_uuid
from tests.support.parties import post

if TYPE_CHECKING:
    from graphql_api.app import Parts


@given(st.uuids(), st.uuids())
def test_they_are_as_the_usual_ones(usual: UUID, other: UUID) -> None:
    made = row_uuid(usual.bytes)
    assert isinstance(made, UUID)
    assert made == usual
    assert usual == made
    assert hash(made) == hash(usual)
    assert {made, usual} == {usual}
    assert (str(made), repr(made.hex), made.int, made.bytes, made.version, made.fields) == (
        str(usual),
        repr(usual.hex),
        usual.int,
        usual.bytes,
        usual.version,
        usual.fields,
    )
    assert (made < other, made <= other, made > other) == (
        usual < other,
        usual <= other,
        usual > other,
    )
    assert UUIDType.serialize(made, 4) == UUIDType.serialize(usual, 4)
    assert copy.copy(made) == copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == usual


async def test_rows_have_them(parts: Parts) -> None:
    head = await post(parts)
    found = await parts.store.read_head(head.party_id)
    assert found == head
    assert found is not None
    assert type(found.party_id) is RowUUID
