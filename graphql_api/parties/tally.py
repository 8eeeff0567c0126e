"""What became of proposals, in plain numbers that only rise."""

from __future__ import annotations

from collections import Counter


class Tally:
    """Counts lightweight transactions that change a party.

    Attributes:
        proposals: how many ended how: applied; refused, for another server's change came between;
            unknown, and proposed again to find out; failed, and never to be applied.
        group_sizes: how many carried so many changes.
    """

    __slots__ = ("group_sizes", "proposals")

    def __init__(self) -> None:
        self.proposals: Counter[str] = Counter()
        self.group_sizes: Counter[int] = Counter()
