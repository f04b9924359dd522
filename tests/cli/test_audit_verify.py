"""`second-gate audit verify`: any change to the trail in the database is detected, with the row's number."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import Update, text, update
from sqlalchemy.exc import DBAPIError

from mfa_app.core.audit import anchors
from mfa_app.extensions import db
from mfa_app.models import AuditEvent
from tests.support.databases import both_databases
from tests.support.terminal import Typist, done, refused
from tests.support.world import PASSWORD, World

pytestmark = both_databases

# All columns whose change leaves the row at its place: a new one is sealed too, or this file fails.
SEALED = {column.name for column in AuditEvent.__table__.columns} - {"id", "previous", "mac"}
FORGED = {"at": datetime(2020, 1, 1, tzinfo=UTC), "actor_id": 9, "subject_id": 9, "details": {"eve": True}}


@pytest.fixture
def rows(world: World) -> int:
    """Create six rows on the trail; return the number of the last one."""
    for name in ("alice", "bob", "carol", "dave", "erin", "frank"):
        world.person(name)
    return len(world.events())


def tamper(world: World, *statements: str | Update) -> None:
    """Change the trail in a way that needs direct access to the database."""
    with world.app.app_context(), db.engine.begin() as connection:
        if db.engine.name == "postgresql":  # whoever owns the server need not touch the trigger
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        else:
            for change in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS audit_event_refuses_{change}")
        for statement in statements:
            connection.execute(text(statement) if isinstance(statement, str) else statement)


def test_the_database_rejects_changes_to_the_trail(world: World, rows: int) -> None:
    for change in ("UPDATE audit_event SET actor_name = 'eve'", "DELETE FROM audit_event"):
        with world.app.app_context(), pytest.raises(DBAPIError, match="the audit trail is never changed"):
            db.session.execute(text(change))
        assert len(world.events()) == rows, change


def test_an_intact_trail_is_reported_with_its_length(world: World, rows: int, typed: Typist) -> None:
    assert done(typed("audit", "verify")).splitlines() == [
        f"The trail is intact: {rows} rows.",
        "There is no anchor yet, so rows cut off at the end can't be detected.",
    ]
    append_anchor(world)
    assert done(typed("audit", "verify")) == f"The trail is intact: {rows} rows.\n"


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE audit_event SET actor_name = 'eve' WHERE id = 3", "Row 3 of the audit trail was changed."),
        ("UPDATE audit_event SET details = '{}' WHERE id = 2", "Row 2 of the audit trail was changed."),
        ("DELETE FROM audit_event WHERE id = 4", "Row 4 of the audit trail is missing."),
        ("DELETE FROM audit_event WHERE id = 1", "Row 1 of the audit trail is missing."),
        ("DELETE FROM audit_event WHERE id >= 5", "The end of the audit trail was cut off, from row 5 on."),
        (
            "UPDATE audit_event SET id = -1 WHERE id = 1",
            "Row -1 of the audit trail does not follow the row before it.",
        ),
        (
            "UPDATE audit_event SET previous = mac WHERE id = 3",
            "Row 3 of the audit trail does not follow the row before it.",
        ),
        ("UPDATE trail_head SET mac = ''", "The head of the audit trail does not match its last row, 6."),
    ],
)
def test_tampering_is_reported_with_the_number_of_the_row(
    world: World, rows: int, typed: Typist, statement: str, sentence: str
) -> None:
    tamper(world, statement)
    assert refused(typed("audit", "verify")) == sentence


def test_a_change_in_any_column_is_reported(world: World, rows: int, typed: Typist) -> None:
    third = update(AuditEvent).where(AuditEvent.id == 3)
    with world.data():
        row = db.session.get_one(AuditEvent, 3)
        found = {column: getattr(row, column) for column in SEALED}
    for column in SEALED:
        tamper(world, third.values({column: FORGED.get(column, "eve")}))
        assert refused(typed("audit", "verify")) == "Row 3 of the audit trail was changed.", column
        tamper(world, third.values({column: found[column]}))
    assert "intact" in done(typed("audit", "verify"))


def cut(world: World, last: int) -> None:
    """Cut the trail after a row and adjust its head, as someone who knows the tables would."""
    head = "UPDATE trail_head SET last = {0}, mac = (SELECT mac FROM audit_event WHERE id = {0})"
    tamper(world, f"DELETE FROM audit_event WHERE id > {last}", head.format(last))  # noqa: S608


def append_anchor(world: World) -> bool:
    with world.data():
        return anchors.append_daily(world.settings, now=world.clock())


def test_a_careful_cut_at_the_end_is_detected_by_the_daily_anchor(
    world: World, rows: int, typed: Typist
) -> None:
    append_anchor(world)
    cut(world, 4)
    assert refused(typed("audit", "verify")) == "The end of the audit trail was cut off, from row 5 on."


def test_a_cut_is_detected_after_new_rows_and_later_anchors(world: World, rows: int, typed: Typist) -> None:
    append_anchor(world)
    cut(world, 4)
    for name in ("eve", "mallory", "oscar"):
        world.person(name)
    world.clock.advance(days=1)
    assert append_anchor(world)
    assert refused(typed("audit", "verify")) == "Row 6 of the audit trail does not match its anchor."


def test_an_anchor_kept_elsewhere_can_be_passed(world: World, rows: int, typed: Typist) -> None:
    anchor = done(typed("audit", "anchor")).strip()
    assert anchor.startswith("6:")
    done(typed("audit", "verify", "--anchor", anchor))
    cut(world, 5)
    assert "cut off, from row 6" in refused(typed("audit", "verify", "--anchor", anchor))
    assert typed("audit", "verify", "--anchor", "6:abc").exit_code == 2


def test_four_threads_write_one_anchor_a_day(world: World, rows: int) -> None:
    def append(_worker: int) -> bool:
        return append_anchor(world)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(append, range(4))) == [False, False, False, True]
    world.clock.advance(days=1)
    assert append_anchor(world)
    file = anchors.file_of(world.settings)
    assert [line.split()[0] for line in file.read_text().splitlines()] == ["2026-03-02", "2026-03-03"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_torn_anchor_leaves_the_others_readable(world: World, rows: int) -> None:
    append_anchor(world)
    file, before = anchors.file_of(world.settings), anchors.read(world.settings)
    file.write_text(file.read_text() + "2026-03-03 7:ab")
    world.clock.advance(days=1)
    append_anchor(world)
    assert anchors.read(world.settings) == before * 2


def test_each_event_is_one_log_line_without_secrets(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mfa_app.trail")
    world.linked_earlier("alice")
    alice, phone = world.password_given("alice"), world.phones["alice"]
    alice.press("Log in", code=phone.wrong_code())
    lines = [record.getMessage() for record in caplog.records if record.name == "mfa_app.trail"]
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events] == world.events()
    assert not any("\n" in line for line in lines)
    details = str([(event["details"], event["actor_name"], event["subject_name"]) for event in events])
    assert not any(secret in "".join(lines) for secret in (PASSWORD, phone.secret, alice.cookie("sid")))
    assert not any(phone.code(steps=steps) in details for steps in range(-3, 3))
