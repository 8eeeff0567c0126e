"""Classes, sorted once by what their instances may be as values of a field.

graphql-core asks of every single value whether it is awaitable, an exception, a mapping or
callable. All but exotic classes answer for all their instances at once; generated code looks the
answer up by class.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import GeneratorType, MappingProxyType, NoneType, SimpleNamespace
from typing import Any, Final

from graphql.pyutils import Undefined

ODD: Final = 0
"""Nothing is certain: the value takes the careful path through `nodes.py`."""
OBJECT: Final = 1
"""An ordinary object: neither awaitable nor callable nor an exception, read by attribute."""
MAPPING: Final = 2
"""As OBJECT, but read by key."""

_MAX_CLASSES: Final = 4096
_UNCERTAIN: Final = ("__await__", "__call__", "__getattr__", "__class__", "__getattribute__")
# Written in C with the ordinary attribute access, which still shows up in their dictionaries.
_ORDINARY: Final = frozenset(
    [
        *(object, str, int, float, complex, bytes, bytearray, list, tuple, dict, set, frozenset),
        *(OrderedDict, defaultdict, deque, MappingProxyType, SimpleNamespace),
        *(date, datetime, time, timedelta, Decimal),
    ]
)


class Kinds(dict[type, int]):
    """Class → ODD, OBJECT or MAPPING; classified at first sight, forgotten when too many."""

    def __missing__(self, cls: type) -> int:
        if len(self) >= _MAX_CLASSES:
            self.clear()
        kind = self[cls] = classify(cls)
        return kind


def classify(cls: type) -> int:
    """Return the kind of a class.

    A class that overrides attribute access or `__class__` may pretend to be anything, instance by
    instance, and stays ODD.
    """
    if cls in (NoneType, type(Undefined), GeneratorType) or issubclass(cls, BaseException):
        return ODD
    for base in cls.__mro__:
        if base not in _ORDINARY and any(name in base.__dict__ for name in _UNCERTAIN):
            return ODD
    return MAPPING if issubclass(cls, Mapping) else OBJECT


KINDS: Final = Kinds()


def is_mapping(value: Any) -> bool:
    """Tell whether the default resolver reads this source by key."""
    kind = KINDS[type(value)]
    return kind == MAPPING or (kind == ODD and isinstance(value, Mapping))
