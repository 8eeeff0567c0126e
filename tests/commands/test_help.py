"""`--help` teaches: each command says what it is for, what it takes and its defaults."""

from __future__ import annotations

import re

import pytest
import typer
from typer.testing import CliRunner

from graphql_api.__main__ import app

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})


def commands(group: typer.Typer) -> dict[tuple[str, ...], str]:
    """Every command's words, with the first sentence of its help."""
    click = typer.main.get_command(group)
    found: dict[tuple[str, ...], str] = {}

    def walk(command: object, words: tuple[str, ...]) -> None:
        for name, inner in getattr(command, "commands", {}).items():
            found[*words, name] = inner.help or ""
            walk(inner, (*words, name))

    walk(click, ())
    return found


ALL = commands(app)


def plain(text: str) -> str:
    """Without frames and line breaks."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


def test_the_commands_are_there() -> None:
    names = {" ".join(words) for words in ALL}
    assert names >= {
        "serve",
        "sync-schema",
        "export-schema",
        "demo",
        "cassandra",
        "cassandra start",
        "cassandra stop",
        "cassandra status",
    }


def test_the_list_names_every_command_and_what_it_is_for() -> None:
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    shown = plain(result.output)
    for words, text in ALL.items():
        if len(words) == 1:
            first = " ".join(text.split("\n\n")[0].split())
            assert f"{words[0]} {first.split('. ')[0][:60]}" in shown
    bare = runner.invoke(app, [])
    assert plain(bare.output) == shown


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    assert len(ALL[words].split()) >= 5
    result = runner.invoke(app, [*words, "--help"], prog_name="partyfinder")
    assert result.exit_code == 0
    shown = plain(result.output)
    assert shown.startswith(" ".join(["Usage:", "partyfinder", *words]))
    assert plain(ALL[words].split("\n\n")[0])[:60] in shown


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_option_explains_itself(words: tuple[str, ...]) -> None:
    command = typer.main.get_command(app)
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]  # a group
    for option in command.params:
        assert getattr(option, "help", None), option.name


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["serve", "--nothing"],
        ["serve", "--port", "65536"],
        ["serve", "--port", "x"],
        ["serve", "--workers", "0"],
        ["demo", "--cities", "0"],
        ["demo", "--parties", "0"],
        ["cassandra", "dance"],
        ["cassandra", "start", "--port", "0"],
    ],
    ids=" ".join,
)
def test_what_a_command_does_not_take_is_explained(arguments: list[str]) -> None:
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.output
    assert "Traceback" not in result.output
