"""What export and import have in common."""

from __future__ import annotations


class TransferError(Exception):
    """An export or import ended before its end. The message says where and what to do."""
