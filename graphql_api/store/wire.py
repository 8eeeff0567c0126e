"""Prepared statements and their answers as bytes, in the native protocol's version 4.

The driver asks for the columns' names and types with every answer and makes Python types of them
each time, which costs more than the rows. Here they are known from the statement's preparation, and
the answer leaves them out. That is safe as every statement names its columns: another column in a
table changes no answer, and a column's type never changes. After the protocol's specification
(native_protocol_v4.spec in Apache Cassandra); the values are the driver's own encoding.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from struct import Struct
from typing import TYPE_CHECKING, Any

from cassandra.cqltypes import DateType
from cassandra.policies import ColDesc
from cassandra.protocol import ProtocolHandler
from cassandra.query import UNSET_VALUE

try:
    from cassandra.bytesio import BytesIOReader
    from cassandra.deserializers import make_deserializers
    from cassandra.obj_parser import ListParser
    from cassandra.parsing import ParseDesc
except ImportError:  # a driver without compiled parts
    HAS_PARSER = False
else:
    HAS_PARSER = True

from graphql_api.store.row_uuid import column_type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cassandra.query import PreparedStatement

    from graphql_api.store.bridge import Rows

VERSION = 4
EXECUTE, BATCH, RESULT = 0x0A, 0x0D, 0x08  # opcodes
FRAME = Struct(">BBhBi")  # version, flags, stream, opcode, length of the body
FETCH_SIZE = 5000  # the driver's default: more rows than any statement here asks for
_VALUES, _SKIP_METADATA, _PAGE_SIZE = 0x01, 0x02, 0x04  # flags of a request
_VOID, _ROWS = 1, 2  # kinds of a result
# Flags of rows that are all there are, without their columns; Cassandra may add that these would
# have been of one table.
_NO_METADATA, _ONE_TABLE = 0x04, 0x01
_LOGGED, _SERIAL_CONSISTENCY = 0, 0x10  # of a batch: its type, and a flag
_IS_PREPARED = b"\x01"
_SHORT, _INT = Struct(">H"), Struct(">i")
_REQUEST_HEAD = Struct(">HBH")  # consistency, flags, number of values
_BATCH_HEAD = Struct(">BH")  # type, number of statements
_BATCH_END = Struct(">HBH")  # consistency, flags, serial consistency
_RESULT_HEAD = Struct(">iii")  # kind; of rows, flags and number of columns
_LONG = Struct(">q")
_NULL, _UNSET = _INT.pack(-1), _INT.pack(-2)
_EPOCH, _MILLISECOND = datetime(1970, 1, 1), timedelta(milliseconds=1)  # noqa: DTZ001  # UTC inside


class UnusualError(Exception):
    """What came back is not plainly rows, or nothing."""


class Form:
    """What all requests of a prepared statement have in common, and their answers."""

    def __init__(self, prepared: PreparedStatement, consistency: int) -> None:
        columns = prepared.column_metadata
        head = _REQUEST_HEAD.pack(consistency, _VALUES | _SKIP_METADATA | _PAGE_SIZE, len(columns))
        name = _SHORT.pack(len(prepared.query_id)) + prepared.query_id
        self._start = name + head
        self._start_in_batch = _IS_PREPARED + name + _SHORT.pack(len(columns))
        self._end = _INT.pack(FETCH_SIZE)
        self._encoders = [_encoder(column.type) for column in columns]
        self._routing = prepared.routing_key_indexes or []
        answered = prepared.result_metadata or []
        self._width = len(answered)
        self._columns = _described(answered) if answered else None

    def body(self, parameters: tuple[Any, ...]) -> bytes:
        """The body of a request.

        Raises:
            ValueError, TypeError, struct.error: these are not the statement's parameters.
        """
        return b"".join((self._start, self._values(parameters), self._end))

    def part(self, parameters: tuple[Any, ...]) -> bytes:
        """The statement's part of a batch.

        Raises:
            ValueError, TypeError, struct.error: these are not the statement's parameters.
        """
        part: bytes = self._start_in_batch + self._values(parameters)
        return part

    def _values(self, parameters: tuple[Any, ...]) -> bytes:
        pieces: list[bytes] = []
        for encode, value in zip(self._encoders, parameters, strict=True):
            if value is None:
                pieces.append(_NULL)
            elif value is UNSET_VALUE:
                pieces.append(_UNSET)
            else:
                encoded = encode(value, VERSION)
                pieces += (_INT.pack(len(encoded)), encoded)
        return b"".join(pieces)

    def routing_key(self, parameters: tuple[Any, ...]) -> bytes:
        """The partition key in the form that its token is made of."""
        keys: list[bytes] = [
            self._encoders[index](parameters[index], VERSION) for index in self._routing
        ]
        if len(keys) == 1:
            return keys[0]
        return b"".join(_SHORT.pack(len(key)) + key + b"\0" for key in keys)

    def rows(self, opcode: int, flags: int, body: bytes) -> Rows:
        """The rows of an answer.

        Raises:
            UnusualError: an error, a warning, a further page, or something else again.
        """
        if opcode != RESULT or flags:
            raise UnusualError
        if len(body) == _INT.size and _INT.unpack(body)[0] == _VOID:
            return []
        kind, flags, width = _RESULT_HEAD.unpack_from(body)
        if (kind, flags | _ONE_TABLE, width) != (_ROWS, _NO_METADATA | _ONE_TABLE, self._width):
            raise UnusualError
        reader = BytesIOReader(body[_RESULT_HEAD.size :])
        rows: Rows = _PARSER.parse_rows(reader, self._columns)
        return rows


def batch(parts: Sequence[bytes], consistency: int, serial_consistency: int) -> bytes:
    """The body of a logged batch of these parts, see `Form.part`."""
    head = _BATCH_HEAD.pack(_LOGGED, len(parts))
    return b"".join(
        (head, *parts, _BATCH_END.pack(consistency, _SERIAL_CONSISTENCY, serial_consistency))
    )


def decode(opcode: int, flags: int, body: bytes) -> Any:
    """An answer that tells its columns itself, or an error, as the driver decodes it."""
    return ProtocolHandler.decode_message(VERSION, {}, 0, flags, opcode, body, None, None)


def _encoder(column_type: Any) -> Callable[[Any, int], bytes]:
    return _encode_date if issubclass(column_type, DateType) else column_type.serialize


def _encode_date(value: datetime, _version: int) -> bytes:
    """Milliseconds since 1970 of a time in UTC without an offset."""
    return _LONG.pack((value - _EPOCH) // _MILLISECOND)


def _described(columns: Any) -> Any:
    names, types = [column[2] for column in columns], [column_type(each[3]) for each in columns]
    described = [ColDesc(*column[:3]) for column in columns]
    return ParseDesc(names, types, None, described, make_deserializers(types), VERSION)


_PARSER: Any = ListParser() if HAS_PARSER else None
