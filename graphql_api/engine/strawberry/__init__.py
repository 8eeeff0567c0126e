"""The engine for users of Strawberry: put `Schema` in place of `strawberry.Schema`.

The only folder here that imports Strawberry.
"""

from .schema import Schema

__all__ = ["Schema"]
