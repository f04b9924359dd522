"""`second-gate audit ...`: reading the audit trail from a terminal."""

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


def event_names(lines: list[str]) -> list[str]:
    return [json.loads(line)["event"] for line in lines]


def stream_events(world: World) -> None:
    with world.data():
        stream.stream_cli_events()


def test_audit_list_is_newest_first_and_limited(world: World, typed: Typist) -> None:
    world.live_all()  # nobody begins with sixty groups
    for number in range(60):
        world.group(f"Group {number}")
    head, *rows = done(typed("audit", "list", "--limit", "55")).splitlines()
    assert head.split()[:3] == ["TIME", "(UTC)", "EVENT"]
    assert [row.rpartition(" ")[2] for row in rows] == [str(number) for number in range(59, 4, -1)]


def test_audit_list_filters_by_person_and_event(world: World, typed: Typist) -> None:
    world.person("alice")
    world.log_in_and_wait("alice")
    world.person("bob")
    of_alice = done(typed("audit", "list", "--person", "Alice@example.com"))
    assert "person.created" in of_alice
    assert "bob" not in of_alice
    _head, login = done(typed("audit", "list", "--event", "login.completed")).splitlines()
    assert login.endswith("Alice logged in with the password alone from an unknown browser")


def test_audit_list_shows_only_the_values_that_changed(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    assert done(typed("audit", "list", "--limit", "1")).endswith(
        "The terminal (tests) changed the rule for Finance (Required: no → yes)\n"
    )


def test_audit_list_rejects_an_unknown_event(typed: Typist) -> None:
    assert typed("audit", "list", "--event", "nothing.happened").exit_code == 2


@both_databases
def test_workers_print_each_event_of_a_command_once(
    world: World, typed: Typist, caplog: pytest.LogCaptureFixture
) -> None:
    world.person("alice")
    stream_events(world)  # a process that prints nothing takes nothing from those that do
    done(typed("users", "add", "bob@example.com"))
    caplog.set_level(logging.INFO, "mfa_app.trail")
    world.log_in_and_wait("alice")
    at_once(*[lambda: stream_events(world)] * 4)
    assert sorted(event_names(printed(caplog))) == sorted(world.events())
    stream_events(world)
    assert len(printed(caplog)) == len(world.events())


def test_the_stream_job_prints_the_events_of_commands(
    world: World, typed: Typist, caplog: pytest.LogCaptureFixture
) -> None:
    done(typed("users", "add", "alice@example.com"))
    caplog.set_level(logging.INFO, "mfa_app.trail")
    with world.data():
        jobs.run(jobs.STREAM)
    assert event_names(printed(caplog)) == ["person.created", "person.invited"]


@both_databases
def test_audit_lines_fills_a_gap_with_identical_lines(
    world: World, typed: Typist, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mfa_app.trail")
    world.linked_earlier("alice")
    lines = done(typed("audit", "lines", "--after", "1")).splitlines()
    assert lines == printed(caplog)[1:]
    assert done(typed("audit", "lines", "--after", str(len(world.events())))) == ""
    assert typed("audit", "lines", "--after", "-1").exit_code == 2
