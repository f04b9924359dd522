"""The trail: a closed list of events, each with exactly its details, written once, never changed."""

import hmac
import json
import logging

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError

from mfa_app.core.audit import chain
from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.users import accounts
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, Role
from tests.support.databases import both_databases
from tests.support.world import PASSWORD, TERMINAL, World

CAROL = Actor("person", "carol@example.com", 7, Role.ADMIN, "192.0.2.9", "Firefox")


def test_an_event_takes_exactly_its_details(world: World) -> None:
    with world.data():
        for event in Event:
            details = dict.fromkeys(event.details, "x")
            record(event, actor=TERMINAL, **details)
            assert not takes(event, **details, one_more="x"), event.label
            if details:
                details.popitem()
                assert not takes(event, **details), event.label
    assert world.events() == [event.label for event in Event]


def takes(event: Event, **details: object) -> bool:
    """Say whether an event can be recorded with these details, and nothing is refused for another reason."""
    try:
        record(event, actor=TERMINAL, **details)
    except ValueError as refusal:
        assert "needs the details" in str(refusal)
        return False
    return True


def test_labels_are_unique_and_say_subject_and_deed() -> None:
    labels = [event.label for event in Event]
    assert len(set(labels)) == len(labels)
    assert all(label.count(".") == 1 and label == label.lower() and len(label) <= 40 for label in labels)


@both_databases
def test_a_row_says_who_did_what_to_whom_when_from_where_and_with_what(world: World) -> None:
    world.person("alice")
    with world.data():
        record(Event.USER_DISABLED, actor=CAROL, subject=world.user("alice"))
    with world.data():
        row = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
        assert (row.actor_kind, row.actor_id, row.actor_name) == ("person", 7, "carol@example.com")
        assert (row.subject_id, row.subject_name) == (world.user("alice").id, "alice@example.com")
        assert (row.ip_address, row.user_agent, row.at) == ("192.0.2.9", "Firefox", world.clock())


@both_databases
@pytest.mark.parametrize("change", [update(AuditEvent).values(event="x"), delete(AuditEvent)])
def test_the_database_itself_refuses_to_change_the_trail(world: World, change: object) -> None:
    world.person("alice")
    with world.app.app_context():
        with pytest.raises(DatabaseError, match="never changed"):
            db.session.execute(change)
        db.session.rollback()
    assert world.events() == ["person.created"]


def refused_to_put_rows_in_place_of_others(world: World, statement: str) -> bool:
    """Say whether the database refuses to write each row of the trail where it stands."""
    world.person("alice")
    with world.app.app_context():
        with pytest.raises(DatabaseError) as refusal:
            db.session.execute(text(statement))
        db.session.rollback()
    return "never changed" in str(refusal.value)


@both_databases
def test_no_row_takes_the_place_of_another(world: World) -> None:
    upsert = "INSERT INTO audit_event SELECT * FROM audit_event WHERE true ON CONFLICT (id) DO UPDATE SET {}"
    assert refused_to_put_rows_in_place_of_others(world, upsert.format("event = excluded.event"))


@pytest.mark.parametrize("replace", ["INSERT OR REPLACE", "REPLACE"])
def test_no_row_replaces_another_past_the_trigger_for_deleting(world: World, replace: str) -> None:
    statement = f"{replace} INTO audit_event SELECT * FROM audit_event"  # noqa: S608
    assert refused_to_put_rows_in_place_of_others(world, statement)


def test_the_seal_of_a_row_is_an_hmac_sha_256_of_the_row_and_the_one_before(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mfa_app.trail")
    world.people("alice", "bob")
    first, second = (json.loads(record.message) for record in caplog.records)
    with world.data():
        key = chain.trail_key()
    for row in (first, second):
        seal = row.pop("mac")
        sealed = json.dumps(row, sort_keys=True, separators=(",", ":")).encode()
        assert seal == hmac.digest(key, sealed, "sha256").hex()
        assert second["previous"] == seal or row is second


def test_the_trail_outlives_the_address_it_tells_of(world: World) -> None:
    world.person("alice")
    with world.data():
        profile = accounts.Profile("alicia@example.com", "Alicia")
        accounts.edit(world.user("alice"), profile, actor=TERMINAL, now=world.clock())
    assert "person.created" in world.events("alice")
    assert world.details("person.edited")["before"]["email"] == "alice@example.com"


def test_without_its_row_no_change_is_saved(world: World) -> None:
    world.person("alice")
    with world.app.app_context(), pytest.raises(ValueError, match="needs the details"):
        accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())
        record(Event.USER_DISABLED, actor=TERMINAL, because="a mistake")
    with world.data():
        assert world.user("alice").is_active


def test_every_step_of_a_login_leaves_one_row(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    before = len(world.events())
    alice = world.password_given("alice")
    alice.press("Log in", code=world.phones["alice"].wrong_code())
    alice.press("Log in", code=world.phones["alice"].code())
    alice.press("Log out")
    assert world.events()[before:] == [
        "password.accepted",
        "code.refused",
        "code.accepted",
        "login.completed",
        "device.trusted",
        "login.ended",
    ]


def test_no_password_code_secret_or_token_stands_on_the_trail(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.password_given("alice")
    typed = [world.phones["alice"].wrong_code(), world.phones["alice"].code(), world.phones["alice"].secret]
    alice.press("Log in", code=typed[0])
    alice.press("Log in", code=typed[1])
    eve = world.visitor()
    eve.open("/login")
    eve.press("Log in", email=PASSWORD, password="typed into the wrong field once")
    with world.data():
        rows = db.session.scalars(select(AuditEvent))
        told = " ".join(
            str(
                {
                    c.name: getattr(row, c.name)
                    for c in row.__table__.columns
                    if c.name not in ("mac", "previous")
                }
            )
            for row in rows
        )
    assert not [word for word in [*typed, PASSWORD, alice.cookie("sid")] if word in told]


def test_a_browser_that_calls_itself_something_wicked_stays_one_line(world: World) -> None:
    world.person("alice")
    world.password_given("alice", world.visitor(browser="x\x1b[31m\u202e" + "y" * 500))
    with world.data():
        agents = set(db.session.scalars(select(AuditEvent.user_agent)))
    assert all(agent.isprintable() and agent.isascii() and len(agent) <= 300 for agent in agents)
