"""No change of schema.graphql that could break a client goes without a word in the changelog.

`released.graphql` is the schema of the last release: a copy in the repository, so that the check
needs no history and works in a shallow clone. Releasing replaces it: `cp schema.graphql
tests/schema/released.graphql`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, find_breaking_changes

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COORDINATE = re.compile(r"\b[A-Za-z_]\w*(?:\.\w+)?")


def unannounced(old: GraphQLSchema, new: GraphQLSchema, changelog: str) -> list[str]:
    """The breaking changes that the changelog's section for them does not name.

    Each is named by what it is about, such as `Party.place`; a type alone stands for all in it.
    """
    announced = set(COORDINATE.findall(_breaking(changelog)))
    return [
        change.description
        for change in find_breaking_changes(old, new)
        if not _subjects(change.description, old, new) & announced
    ]


def _subjects(description: str, *schemas: GraphQLSchema) -> set[str]:
    """What a change is about: the coordinate that its description begins with, and its type."""
    for word in COORDINATE.findall(description):
        type_name = word.split(".")[0]
        if any(type_name in schema.type_map for schema in schemas):
            return {word, type_name}
    return set()


def _breaking(changelog: str) -> str:
    """What stands under Breaking among the unreleased changes."""
    unreleased = re.split(r"^## ", changelog, flags=re.MULTILINE)[1]
    sections = re.split(r"^### ", unreleased, flags=re.MULTILINE)
    return "".join(section for section in sections if section.startswith("Breaking"))


def test_breaking_changes_are_announced() -> None:
    old, new = (
        build_schema((folder / name).read_text(encoding="utf-8"))
        for folder, name in ((HERE, "released.graphql"), (ROOT, "schema.graphql"))
    )
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert unannounced(old, new, changelog) == [], (
        "these break clients: announce them in CHANGELOG.md under Breaking, naming each"
    )


OLD = """
type Query { party(id: ID!): Party  one: Result }
type Party { place: String  name: String! }
type Other { a: Int }
union Result = Party | Other
"""
LOG = (
    "# Changelog\n\n## Unreleased\n\n### Added\n\n- `Party.place`\n\n{}\n\n## 1.0\n\n### Breaking\n"
)


@pytest.mark.parametrize(
    ("new", "described", "name"),
    [
        (OLD.replace("place: String ", ""), "Field Party.place was removed.", "Party.place"),
        (
            OLD.replace("name: String!", "name: String"),
            "Field Party.name changed type from String! to String.",
            "Party.name",
        ),
        (
            OLD.replace("id: ID!", "id: ID!, at: Int!"),
            "A required argument Query.party(at:) was added.",
            "Query.party",
        ),
        (OLD.replace(" | Other", ""), "Other was removed from union type Result.", "Other"),
    ],
)
def test_what_is_not_announced_is_found(new: str, described: str, name: str) -> None:
    old, new_schema = build_schema(OLD), build_schema(new)
    assert unannounced(old, new_schema, LOG.format("")) == [described]
    assert unannounced(old, new_schema, LOG.format("### Fixed\n\n- x")) == [described]
    assert unannounced(old, new_schema, LOG.format(f"### Breaking\n\n- `{name}` changed.")) == []


def test_additions_break_nobody() -> None:
    new = OLD.replace("name: String!", "name: String!  more: Int").replace("Party {", "Party {")
    assert unannounced(build_schema(OLD), build_schema(new), LOG.format("")) == []
