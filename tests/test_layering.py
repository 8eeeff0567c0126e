"""Imports point downwards only: http → schema → parties → store. Shown by parsing all of them."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

import graphql_api

ROOT = Path(graphql_api.__file__).parent
LEAVES = {"caller", "clock", "deadlines", "errors", "journal", "settings"}
FLOW = ["http", "schema", "parties", "store"]
# What a part may import besides itself and the leaves. The engine knows none of the others, so it
# is a library to those that run or describe operations; identity is one to the transports.
ALLOWED = {
    "http": {"telemetry", "engine", "identity", "schema", "parties", "store"},
    "engine": set(),
    "identity": set(),
    "schema": {"engine", "parties", "store"},
    "parties": {"store"},
    "store": set(),
    "embedded": set(),
    "caller": set(),
    "clock": set(),
    "deadlines": set(),
    "errors": set(),
    "journal": set(),
    "settings": set(),
    "supervisor": set(),
    "telemetry": {"engine", "parties", "store"},
    "app": {"telemetry", "http", "engine", "identity", "schema", "parties", "store", "embedded"},
    "commands": {
        "telemetry",
        "http",
        "engine",
        "schema",
        "parties",
        "store",
        "embedded",
        "app",
        "supervisor",
    },
    "__main__": {"commands"},
    "__init__": set(),
}


def imported_by(path: Path) -> set[str]:
    """Full names of every module that a file imports, under TYPE_CHECKING and in functions too."""
    package = ["graphql_api", *path.relative_to(ROOT).parent.parts]
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


@cache
def imports() -> dict[str, dict[str, set[str]]]:
    """Per part of the package: the modules that it imports, and the files that do."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in sorted(ROOT.rglob("*.py")):
        inner = path.relative_to(ROOT)
        part = inner.parts[0].removesuffix(".py")
        for name in imported_by(path):
            found[part][name].add(inner.as_posix())
    return found


def test_every_part_is_known() -> None:
    assert set(imports()) <= set(ALLOWED)
    assert set(FLOW) <= set(imports())


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_a_part_imports_only_what_lies_below_it(part: str) -> None:
    allowed = ALLOWED[part] | LEAVES | {part}
    if part in LEAVES:
        allowed = LEAVES
    wrong = {
        f"{file} imports {name}"
        for name, files in imports()[part].items()
        for file in files
        if name.startswith("graphql_api.") and name.split(".")[1] not in allowed
    }
    assert wrong == set()


def test_the_flow_is_what_the_rules_say() -> None:
    for rank, part in enumerate(FLOW):
        assert ALLOWED[part] - {"engine", "identity", "telemetry"} == set(FLOW[rank + 1 :])


def test_only_the_store_knows_the_driver() -> None:
    knowing = {
        file
        for files in imports().values()
        for name, importers in files.items()
        if name.split(".")[0] == "cassandra"
        for file in importers
    }
    assert knowing
    assert {file.split("/")[0] for file in knowing} == {"store"}


@pytest.mark.parametrize(
    ("package", "parts"),
    [
        ("aiohttp", {"http", "identity", "app"}),
        ("jwt", {"identity"}),
        ("strawberry", {"engine", "http", "schema"}),
        ("typer", {"commands", "__main__"}),
        ("graphql", {"commands", "engine", "http", "schema"}),
    ],
)
def test_a_framework_stays_in_its_parts(package: str, parts: set[str]) -> None:
    knowing = {
        part
        for part, names in imports().items()
        if any(name.split(".")[0] == package for name in names)
    }
    assert knowing
    assert knowing <= parts


def test_the_engine_knows_graphql_core_and_in_one_folder_strawberry() -> None:
    packages: dict[str, set[str]] = defaultdict(set)
    for name, files in imports().get("engine", {}).items():
        packages[name.split(".")[0]] |= files
    ours = {name for name in imports().get("engine", {}) if name.startswith("graphql_api.")}
    assert {name.split(".")[1] for name in ours} <= {"engine"}
    unknown = packages.keys() - sys.stdlib_module_names - {"graphql_api", "graphql", "orjson"}
    assert unknown <= {"strawberry"}
    assert {file.rpartition("/")[0] for file in packages["strawberry"]} <= {"engine/strawberry"}
