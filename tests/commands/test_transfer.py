"""Parties leave as JSON Lines and come back as they were, also in two goes, and from the sample."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest

from graphql_api import clock
from graphql_api.parties.hosting import Delete
from graphql_api.parties.interchange import UnusablePartyError, from_line, to_line
from graphql_api.parties.limits import Limits
from graphql_api.parties.operation import take_key
from graphql_api.store.connection import connect
from graphql_api.store.migrate import sync_schema
from tests.support.api import a_city
from tests.support.blocking import blocking_session
from tests.support.parties import a_head, a_party_id, post, text_of
from tests.support.servers import environment, run, start

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Iterator
    from pathlib import Path

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from graphql_api.store.rows import PartyHead
    from tests.support.api import Api

COUNT = 120
KEYSPACE = "{'class': 'NetworkTopologyStrategy', 'datacenter1': 1}"
COLUMNS = "city text, id uuid, name text, people int, date timestamp"
SAMPLE = (
    f"CREATE KEYSPACE mydjango WITH replication = {KEYSPACE}",
    f"CREATE TABLE mydjango.party ({COLUMNS}, PRIMARY KEY (city, id))",
)


@pytest.fixture(scope="module")
async def elsewhere(settings: Settings) -> Settings:
    """Settings of a second keyspace, with its tables."""
    made = settings.model_copy(update={"cassandra_keyspace": "t_transfer_elsewhere"})
    connection = await connect(made)
    try:
        await sync_schema(connection.session, made, print)
    finally:
        await connection.close()
    return made


@pytest.fixture(scope="module")
async def heads(parts: Parts) -> list[PartyHead]:
    """Parties ahead and past."""
    city = a_city()
    same = a_head(city=city, people=3, revision=7, host="ada", digest=bytes(32))
    some = [
        same._replace(
            party_id=a_party_id(), name=f"Party {number}", date=same.date + timedelta(number - 9)
        )
        for number in range(COUNT)
    ]
    for head in some:
        assert (await parts.store.propose(None, head, (), 5)).applied
    return some


async def killed_at(word: bytes, process: Process) -> None:
    """Kill a process at the first line of its errors that has a word."""
    assert process.stderr is not None
    while word not in (line := await process.stderr.readline()):
        assert line, "it ended before"
    process.kill()
    await process.communicate()


async def test_an_export_that_is_killed_is_taken_up_and_whole(
    tmp_path: Path, settings: Settings, heads: list[PartyHead]
) -> None:
    part = tmp_path / "all.jsonl.part"
    slow = await start(tmp_path, environment(settings), "export", "all.jsonl", "--rate", "20")
    await killed_at(b"Exporting", slow)
    with part.open("ab") as torn:
        torn.write(b'{"id": "half a li')
    before = len(part.read_bytes().splitlines()) - 1
    assert 0 < before < COUNT
    code, output, errors = await run(tmp_path, environment(settings), "export", "all.jsonl")
    assert (code, output) == (0, f"Exported {COUNT} parties.\n"), errors
    assert f"taken up after {before} parties" in errors
    assert not part.exists()
    exported = map(from_line, (tmp_path / "all.jsonl").read_bytes().splitlines())
    assert {head.party_id: head for head in exported} == {head.party_id: head for head in heads}


async def test_an_export_that_nobody_reads_on_is_one_line(
    tmp_path: Path, settings: Settings
) -> None:
    process = await start(tmp_path, environment(settings), "export", "-")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout._transport.close()  # type: ignore[attr-defined]  # as `head` does
    errors = (await process.stderr.read()).decode()
    assert await process.wait() == 1
    assert errors.splitlines()[-1] == ("Error: standard output cannot be written (Broken pipe).")


@pytest.mark.usefixtures("heads")
async def test_an_import_that_is_killed_is_taken_up_and_repeated_without_effect(
    tmp_path: Path, settings: Settings, elsewhere: Settings
) -> None:
    there = environment(elsewhere)
    code, exported, _ = await run(tmp_path, environment(settings), "export", "-")
    assert code == 0
    (tmp_path / "all.jsonl").write_text(exported, encoding="utf-8")
    slow = await start(tmp_path, there, "import", "all.jsonl", "--rate", "20")
    await killed_at(b"Importing", slow)
    code, output, errors = await run(tmp_path, there, "import", "all.jsonl")
    assert code == 0, errors
    known = int(output.split("; ")[1].split()[0])
    assert 0 < known < COUNT
    assert output == f"Imported {COUNT - known} parties; {known} were there already.\n"
    code, output, errors = await run(tmp_path, there, "import", "all.jsonl")
    assert output == f"Imported 0 parties; {COUNT} were there already.\n", errors
    assert (await run(tmp_path, there, "export", "-"))[1] == exported


async def test_an_import_leaves_what_was_changed_or_deleted_since(
    tmp_path: Path, settings: Settings, parts: Parts, api: Api
) -> None:
    kept, deleted = await post(parts, people=2), await post(parts)
    lines = to_line(kept) + to_line(deleted)
    (tmp_path / "two.jsonl").write_bytes(lines)
    changed = kept._replace(people=5, revision=2)
    assert (await parts.store.propose(kept, changed, (), 5)).applied
    await parts.committer.commit(Delete(deleted.party_id, take_key("", None, Limits())))
    code, output, _ = await run(tmp_path, environment(settings), "import", "two.jsonl")
    assert (code, output) == (0, "Imported 0 parties; 2 were there already.\n")
    assert await parts.store.read_head(kept.party_id) == changed
    assert await parts.store.read_open_head(deleted.party_id) is None
    page = await api.run(
        "query($c: String!) { parties(city: $c) { nodes { people } } }", c=kept.city
    )
    assert page["parties"]["nodes"] == [{"people": 5}]


async def test_a_party_whose_import_died_before_its_copy_is_shown_after_a_repeat(
    tmp_path: Path, settings: Settings, parts: Parts, api: Api
) -> None:
    head = a_head(city=a_city(), people=2)
    assert (await parts.store.propose(None, head, (), 5)).applied
    (tmp_path / "one.jsonl").write_bytes(to_line(head))
    _, output, _ = await run(tmp_path, environment(settings), "import", "one.jsonl")
    assert output == "Imported 0 parties; 1 were there already.\n"
    page = await api.run(
        "query($c: String!) { parties(city: $c) { nodes { people } } }", c=head.city
    )
    assert page["parties"]["nodes"] == [{"people": 2}]


async def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, elsewhere: Settings) -> None:
    good = to_line(a_head())
    bad = orjson.dumps({"id": str(uuid4()), "city": "X", "name": " ", "date": "2030-01-01T00:00Z"})
    (tmp_path / "bad.jsonl").write_bytes(good + b"\n" + bad + b"\n" + good)
    code, output, errors = await run(tmp_path, environment(elsewhere), "import", "bad.jsonl")
    assert (code, output) == (1, "")
    assert errors.splitlines()[-1] == (
        "Error: line 3: name must not be blank. What stands before it is imported: correct it and "
        "run the same command again."
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": "x"}, "id: "),
        ({"date": "2030-01-01T00:00"}, "date: "),
        ({"date": "1066-01-01T00:00Z"}, "date must be after 1970"),
        ({"people": -1}, "people must be from 0"),
        ({"people": 3, "capacity": 2}, "capacity must not be below"),
        ({"guests": 3}, "guests: "),
        ({"revision": 0}, "revision: "),
    ],
)
def test_each_field_is_checked(change: dict[str, Any], problem: str) -> None:
    line = {"id": str(uuid4()), "city": "X", "name": "Y", "date": "2030-01-01T00:00Z"}
    assert from_line(orjson.dumps(line)).city_key == "x"
    with pytest.raises(UnusablePartyError) as refused:
        from_line(orjson.dumps(line | change))
    assert str(refused.value).startswith(problem)


@pytest.fixture
def sample(settings: Settings) -> Iterator[Any]:
    """The sample application's table, and the driver's session to fill it with."""
    with blocking_session(settings) as session:
        for statement in SAMPLE:
            session.execute(statement, execution_profile="plain", timeout=30)
        yield session
        session.execute("DROP KEYSPACE mydjango", execution_profile="plain", timeout=30)


async def test_the_sample_applications_table_is_one_command(
    tmp_path: Path, settings: Settings, parts: Parts, sample: Any
) -> None:
    city, date = a_city(), clock.now() + timedelta(days=3)
    ids = [uuid4() for _ in range(30)]
    insert = "INSERT INTO mydjango.party (city, id, name, people, date) VALUES (%s, %s, %s, %s, %s)"
    for each in ids:
        sample.execute(insert, (city, each, "Old", 4, date), execution_profile="plain")
    arguments = "import", "--from-table", "mydjango.party"
    for expected in (
        "Imported 30 parties; 0 were there already.\n",
        "Imported 0 parties; 30 were there already.\n",
    ):
        code, output, errors = await run(tmp_path, environment(settings), *arguments)
        assert (code, output) == (0, expected), errors
    head = await parts.store.read_head(ids[0])
    assert head is not None
    assert (head.city, head.name, head.people, text_of(head.date)) == (
        city,
        "Old",
        4,
        text_of(date),
    )
    sample.execute(insert, (city, ids[0], None, 4, date), execution_profile="plain")
    code, _, errors = await run(tmp_path, environment(settings), *arguments)
    assert code == 1
    assert f"id {ids[0]}: name must not be blank" in errors
    code, _, errors = await run(
        tmp_path, environment(settings), "import", "--from-table", "mydjango.none"
    )
    assert (code, errors.splitlines()[-1]) == (
        1,
        "Error: there is no table mydjango.none in this database: check its name.",
    )
