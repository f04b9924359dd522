"""`flask audit ...`: reading the audit trail from a terminal."""

import json
import logging

import pytest

from mfa_app.core.audit import stream
from mfa_app.core.operations import jobs
from tests.support.databases import both_databases
from tests.support.served_site import at_once
from tests.support.terminal import Typist, done
from tests.support.world import World


def printed(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "mfa_app.trail"]


def told_events(lines: list[str]) -> list[str]:
    return [json.loads(line)["event"] for line in lines]


def look(world: World) -> None:
    with world.data():
        stream.stream_cli_events()


def test_the_trail_is_listed_newest_first_and_no_longer_than_asked(world: World, typed: Typist) -> None:
    for number in range(60):
        world.group(f"Group {number}")
    head, *rows = done(typed("audit", "list", "--limit", "55")).splitlines()
    assert head.split()[:3] == ["TIME", "(UTC)", "EVENT"]
    assert [row.rpartition(" ")[2] for row in rows] == [str(number) for number in range(59, 4, -1)]


def test_the_trail_is_filtered_by_person_and_event(world: World, typed: Typist) -> None:
    world.person("alice")
    world.log_in_and_wait("alice")
    world.person("bob")
    of_alice = done(typed("audit", "list", "--person", "Alice@example.com"))
    assert "person.created" in of_alice
    assert "bob" not in of_alice
    _head, login = done(typed("audit", "list", "--event", "login.completed")).splitlines()
    assert login.endswith("Logged in with: password alone")


def test_a_change_is_told_by_what_differs(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    assert done(typed("audit", "list", "--limit", "1")).endswith("Group: Finance, Required: no → yes\n")


def test_an_event_that_does_not_exist_is_a_wrong_use(typed: Typist) -> None:
    assert typed("audit", "list", "--event", "nothing.happened").exit_code == 2


@both_databases
def test_what_is_done_at_the_terminal_is_told_once_by_the_workers(
    world: World, typed: Typist, caplog: pytest.LogCaptureFixture
) -> None:
    world.person("alice")
    look(world)  # a process that prints nothing takes nothing from those that do
    done(typed("users", "add", "bob@example.com"))
    caplog.set_level(logging.INFO, "mfa_app.trail")
    world.log_in_and_wait("alice")
    at_once(*[lambda: look(world)] * 4)
    assert sorted(told_events(printed(caplog))) == sorted(world.events())
    look(world)
    assert len(printed(caplog)) == len(world.events())


def test_every_minute_the_site_looks_for_what_was_done_at_the_terminal(
    world: World, typed: Typist, caplog: pytest.LogCaptureFixture
) -> None:
    done(typed("users", "add", "alice@example.com"))
    caplog.set_level(logging.INFO, "mfa_app.trail")
    with world.data():
        jobs.run(jobs.STREAM)
    assert told_events(printed(caplog)) == ["person.created", "person.invited"]


@both_databases
def test_a_gap_in_what_was_collected_is_filled_with_the_very_lines(
    world: World, typed: Typist, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mfa_app.trail")
    world.linked_earlier("alice")
    lines = done(typed("audit", "lines", "--after", "1")).splitlines()
    assert lines == printed(caplog)[1:]
    assert done(typed("audit", "lines", "--after", str(len(world.events())))) == ""
    assert typed("audit", "lines", "--after", "-1").exit_code == 2
