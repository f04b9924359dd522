"""How an import is saved: in sets, as actions on single accounts would do it; whole, once, or not at all."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from mfa_app.core.audit import chain, verification
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common.errors import ImportNotReady, ImportRunning, ImportStale
from mfa_app.core.common.permissions import PERMISSIONS, Permission
from mfa_app.core.groups import groups
from mfa_app.core.imports import from_terminal, import_job, plan, reading, saving, stored
from mfa_app.core.imports.plan import ImportOptions, Mode, Outcome
from mfa_app.core.imports.result import result_lines
from mfa_app.core.imports.state import State, refusal_of
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.operations import counts, housekeeping
from mfa_app.core.sessions import revocation, sessions
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.core.users import accounts
from mfa_app.extensions import db
from mfa_app.models import (
    AuditEvent,
    HelpRequest,
    ImportRow,
    Invitation,
    Membership,
    OutboxMail,
    PeopleImport,
    ResetApproval,
    Role,
    SearchWord,
    User,
)
from mfa_app.wording.imports import result_titles, result_words
from tests.support.databases import both_databases
from tests.support.imports import done_singly, importer, started, uploaded
from tests.support.profiles import edit
from tests.support.served_site import at_once
from tests.support.world import TERMINAL, VISITOR, World

NAMES = ("changed", "renamed", "joining", "same", "leaving", "member", "busy")

HEADINGS = "Email,Name,Groups,Directory number,Last day\n"

ROWS = """\
new@{set},Zoë Müller-Lüdenscheidt,Zürich|Neue „Gruppe“,0151,2031-03-31
plain@{set},,,,
changed@{set},Changed,Zürich,0152,2031-04-01
renamed@{set},Änne Renamed,,,
joining@{set},,zürich|Sales,,
same@{set},,,,
"""


def scene(world: World, of: str) -> None:
    """People whose addresses end alike; one has everything that a revocation ends."""
    with world.data():
        for name in NAMES:
            joined = [world.group_row("Sales")] if name in ("leaving", "member", "busy") else []
            profile = accounts.Profile(f"{name}@{of}", name.capitalize())
            accounts.create(profile, groups=joined, password=None, actor=TERMINAL, now=world.clock())
    with world.data():
        busy = db.session.scalars(select(User).where(User.email == f"busy@{of}")).one()
        sessions.start(busy, actor=VISITOR, now=world.clock())
        remembered_devices.remember(busy, days=7, actor=VISITOR, now=world.clock())
        for purpose in (Purpose.INVITATION, Purpose.ACCOUNT_LOCK):
            one_time_links.create(purpose, busy, now=world.clock())
        waits_for_a_reset(world, busy)


def waits_for_a_reset(world: World, user: User) -> None:
    """Let a user have a request with a number, and a reset that waits for an approval."""
    until = world.clock() + timedelta(hours=4)
    common = {"user_id": user.id, "reason": "lost", "created_at": world.clock(), "expires_at": until}
    db.session.add(HelpRequest(digest=f"{user.id:064}", ip_address="", user_agent="", **common))
    checked = {"check_way": "called back", "check_note": ""}
    db.session.add(ResetApproval(asked_by=user.id, digest="", risks=[], **checked, **common))


def facts_of(domain: str) -> dict[str, Any]:
    """Return everything about these people that doesn't tell them from those of another domain."""
    return {
        user.email.partition("@")[0]: {
            "account": {
                column: value
                for column, value in rows_of(User, User.id == user.id)[0].items()
                if column not in ("id", "email", "email_key")
            },
            "groups": rows_of(Membership, Membership.user_id == user.id, without=("user_id", "email_key")),
            "words": sorted(
                word
                for word in db.session.scalars(select(SearchWord.word).where(SearchWord.user_id == user.id))
                if word not in domain.split(".")
            ),
            "rows": [len(rows_of(model, model.user_id == user.id)) for model in revocation.ENDED],
            "events": [
                (row.event, row.details, row.actor_kind, row.actor_id, row.ip_address)
                for row in db.session.scalars(
                    select(AuditEvent).where(AuditEvent.subject_id == user.id).order_by(AuditEvent.id)
                )
            ],
        }
        for user in db.session.scalars(select(User).where(User.email.endswith(f"@{domain}")))
    }


def rows_of(model: type[Any], *where: Any, without: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    table = model.__table__
    found = db.session.execute(select(table).where(*where).order_by(*table.primary_key)).mappings()
    return [{name: value for name, value in row.items() if name not in without} for row in found]


@both_databases
@pytest.mark.parametrize("mode", [Mode.UPDATE, Mode.REPLACE])
def test_in_sets_the_same_is_done_as_by_single_actions(world: World, mode: Mode) -> None:
    """Each of the two files also names those of the other, who would be missing in it."""
    world.people("carol", "dave")
    for name in ("Zürich", "Sales"):
        world.group(name)
    for domain in ("single.example", "sets.example"):
        scene(world, domain)
    staying = "member@{set},,,,\n" if mode is Mode.REPLACE else "leaving@{set},,,,\n"
    everybody = "".join(f"{name}@single.example,,,,\n" for name in ("new", "plain", *NAMES[:4], "member"))
    with world.data():
        group_id = world.group_row("Sales").id if mode is Mode.REPLACE else None
        options = ImportOptions(mode, group_id, leavers=mode is Mode.UPDATE, create_groups=True)
        file = HEADINGS + (ROWS + staying).format(set="single.example")
        others = "".join(f"{name}@sets.example,,,,\n" for name in NAMES) if options.leavers else ""
        planned = list(from_terminal.preview((file + others).encode(), options, actor=importer(world)))
        done_singly(
            [row for row in planned if "sets.example" not in row.email],
            options,
            actor=importer(world),
            world=world,
        )
    with world.data():
        single = facts_of("single.example")
        others = everybody + "leaving@single.example,,,,\n" if options.leavers else ""
        kept = uploaded(world, HEADINGS + (ROWS + staying).format(set="sets.example") + others, options)
        assert kept.state == State.READY
        assert started(world, kept).state == State.DONE
        sets = facts_of("sets.example")
        assert sets == single
        assert {found[0] for person in sets.values() for found in person["events"]} >= (
            {"person.disabled", "sessions.ended", "devices.forgotten", "links.ended"}
            if options.leavers
            else {"group.member_removed", "group.member_added", "person.edited"}
        )
        assert counts.differences() == 0


ONE_OF_EACH = """\
Email,Name,Groups
new@firma.nl,New,Sales
alice@example.com,Alicia,
bob@example.com,,Sales
carol@example.com,,
dave@example.com,,
"""


def carols_file(world: World) -> None:
    """Let Carol upload it: one is new, alice is renamed, bob joins a group, erin is missing and disabled."""
    world.group("Sales")
    world.people("alice", "bob", "carol", "dave", "erin")
    with world.data():
        uploaded(world, ONE_OF_EACH, ImportOptions(leavers=True))


@pytest.fixture
def previewed(world: World) -> Iterator[PeopleImport]:
    """Carol's file, as it was uploaded."""
    world.after(carols_file)
    with world.data():
        kept = db.session.scalars(select(PeopleImport)).one()
        assert kept.counts == {"new": 1, "changed": 2, "same": 2, "disabled": 1}
        yield kept


def join(world: World) -> None:
    groups.add_member(world.group_row("Sales"), world.user("bob"), actor=TERMINAL, now=world.clock())


def take_the_address(world: World) -> None:
    profile = accounts.Profile("NEW@firma.nl", "Somebody")
    accounts.create(profile, groups=[], password=None, actor=TERMINAL, now=world.clock())


def set_last_day(world: World) -> None:
    in_thirty_days = world.clock().date() + timedelta(days=30)
    edit(world.user("alice"), last_day=in_thirty_days, actor=TERMINAL, now=world.clock())


def rename(world: World) -> None:
    edit(world.user("alice"), name="Alison", actor=TERMINAL, now=world.clock())


MEANWHILE: list[tuple[Callable[[World], object], str, str]] = [
    (rename, "people", "alice@"),
    (set_last_day, "people", "alice@"),
    (
        lambda world: edit(world.user("alice"), email="ally@example.com", actor=TERMINAL, now=world.clock()),
        "people",
        "alice@",
    ),
    (
        lambda world: accounts.change_role(world.user("bob"), Role.ADMIN, actor=TERMINAL, now=world.clock()),
        "people",
        "bob@",
    ),
    (join, "people", "bob@"),
    (take_the_address, "people", "new@"),
    (
        lambda world: accounts.disable(world.user("erin"), actor=TERMINAL, now=world.clock()),
        "people",
        "erin@",
    ),
    (
        lambda world: accounts.change_role(world.user("erin"), Role.ADMIN, actor=TERMINAL, now=world.clock()),
        "people",
        "erin@",
    ),
    (lambda world: groups.remove(world.group_row("Sales"), actor=TERMINAL), "groups", "Sales"),
    (lambda world: groups.rename(world.group_row("Sales"), "Buying", actor=TERMINAL), "groups", "Sales"),
    (lambda world: accounts.end_access(world.user("carol"), actor=TERMINAL), "access", ""),
]


@both_databases
@pytest.mark.parametrize(("meanwhile", "reason", "about"), MEANWHILE)
def test_what_is_not_as_it_was_previewed_saves_nothing(
    world: World,
    previewed: PeopleImport,
    meanwhile: Callable[[World], object],
    reason: str,
    about: str,
) -> None:
    """Attack 117: people, groups, or the importer change between the preview and the job."""
    stored.start(previewed, actor=importer(world), now=world.clock())
    db.session.commit()
    meanwhile(world)
    db.session.commit()
    before, people = world.events(), world.count(User)
    assert import_job.go_on(now=world.clock()) == 0
    db.session.refresh(previewed)
    assert previewed.state == State.STALE
    refusal = refusal_of(previewed)
    assert (refusal.reason, refusal.about.startswith(about)) == (reason, True)
    assert (world.events(), world.count(User)) == (before, people)


@both_databases
@pytest.mark.parametrize("at_once", [True, False])
def test_a_group_that_was_there_at_the_preview_is_not_created_anew(
    world: World, previewed: PeopleImport, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    """Attack 117: its rule would be gone. What the preview was going to create is created."""
    monkeypatch.setattr(stored, "READ_AT_ONCE", 1000 if at_once else 0)
    kept = uploaded(world, "Email,Groups\nx@firma.nl,Sales|Buying\n", ImportOptions(create_groups=True))
    import_job.go_on(now=world.clock())
    db.session.refresh(kept)
    assert (kept.state, kept.creates) == (State.READY, ["buying"])
    groups.remove(world.group_row("Sales"), actor=TERMINAL)
    db.session.commit()
    assert started(world, kept).state == State.STALE
    assert refusal_of(kept) == ImportStale("groups", "Sales")
    again = stored.check_again(kept, actor=importer(world), now=world.clock())
    db.session.commit()
    import_job.go_on(now=world.clock())
    db.session.refresh(again)
    assert again.creates == ["buying", "sales"]
    assert started(world, again).state == State.DONE


@both_databases
def test_nobody_leaves_a_group_that_was_deleted(world: World, previewed: PeopleImport) -> None:
    """A later group may get its number."""
    options = ImportOptions(Mode.REPLACE, world.group_row("Sales").id)
    kept = uploaded(world, "Email\nbob@example.com\n", options)
    groups.remove(world.group_row("Sales"), actor=TERMINAL)
    db.session.commit()
    assert started(world, kept).state == State.STALE
    assert refusal_of(kept).reason == "replaced group"
    assert stored.latest(actor=importer(world)).id == kept.id


MOVES = (
    ("Email,Groups\nnew@firma.nl,Sales\n", Mode.UPDATE, State.STALE),
    ("Email,Groups\nbob@example.com,Buying\n", Mode.UPDATE, State.STALE),
    ("Email\nbob@example.com\n", Mode.REPLACE, State.STALE),
    ("Email\nnew@firma.nl\n", Mode.UPDATE, State.DONE),
)


@both_databases
def test_who_may_not_manage_groups_moves_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Joining and leaving by hand asks for the same permission. Today all administrators have it."""
    world.group("Sales")
    world.people("bob", "erin", groups_=("Sales",))
    world.people("carol")
    monkeypatch.setitem(PERMISSIONS, Role.ADMIN, frozenset(Permission) - {Permission.MANAGE_GROUPS})
    for file, mode, state in MOVES:
        with world.data():
            group_id = world.group_row("Sales").id if mode is Mode.REPLACE else None
            kept = uploaded(world, file, ImportOptions(mode, group_id, create_groups=True))
            assert started(world, kept).state == state, file
            assert refusal_of(kept) == (ImportStale("access") if state is State.STALE else None), file
        assert {"group.member_added", "group.member_removed"}.isdisjoint(world.events()[-2:]), file


def test_a_stale_import_is_checked_again_and_saved(world: World, previewed: PeopleImport) -> None:
    rename(world)
    assert started(world, previewed).state == State.STALE
    again = stored.check_again(previewed, actor=importer(world), now=world.clock())
    db.session.commit()
    assert stored.find(previewed.id, actor=importer(world)) is None
    assert [row.was_name for row in stored.rows(again, Outcome.CHANGED)] == ["Alison", "Bob"]
    assert started(world, again).state == State.DONE
    assert world.user("alice").name == "Alicia"
    assert stored.latest(actor=importer(world)).id == again.id


@both_databases
def test_what_a_process_has_left_behind_that_died_is_saved_once(
    world: World, previewed: PeopleImport
) -> None:
    """Attack 117: kill -9. SAVING is noted before the one transaction, and DONE within it."""
    stored.start(previewed, actor=importer(world), now=world.clock())
    previewed.state, previewed.worker = State.SAVING, "dead"
    db.session.commit()
    assert import_job.go_on(now=world.clock()) == 1
    assert import_job.go_on(now=world.clock()) == 0
    assert world.events().count("people.imported") == 1
    assert world.details("people.imported") == {
        "created": 1, "changed": 2, "disabled": 1, "left_out": 0, "invited": 0,
    }  # fmt: skip


@both_databases
@pytest.mark.parametrize("state", [State.READING, State.WAITING])
def test_an_import_that_fails_is_not_tried_for_ever(
    world: World, previewed: PeopleImport, state: State
) -> None:
    """Another one is saved by the next run."""
    previewed.actor_role, previewed.state = "nonsense", state
    db.session.commit()
    people = world.count(User)
    with pytest.raises(ValueError, match="nonsense"):
        import_job.go_on(now=world.clock())
    db.session.refresh(previewed)
    assert (previewed.state, refusal_of(previewed)) == (State.STALE, ImportStale("failed"))
    assert world.count(User) == people
    assert started(world, uploaded(world, ONE_OF_EACH, ImportOptions())).state == State.DONE


@pytest.fixture
def large_from_twenty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let twenty rows be what a thousand are otherwise."""
    for module in (chain, plan, reading, saving):
        monkeypatch.setattr(module, "BATCH", 20)
    monkeypatch.setattr(stored, "READ_AT_ONCE", 20)
    monkeypatch.setattr(import_job, "INVITED_AT_ONCE", 10)


def large(rows: int, last: str = "") -> str:
    lines = "".join(f"person{number:04}@firma.nl,Sales\n" for number in range(rows))
    return f"Email,Groups\n{lines}{last}"


@both_databases
@pytest.mark.usefixtures("large_from_twenty")
def test_a_large_file_is_read_by_the_job_and_new_people_are_invited(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The trail has an event for each of them, and so has the log."""
    caplog.set_level(logging.INFO, "mfa_app.trail")
    world.people("carol")
    with world.data():
        kept = uploaded(world, large(25), ImportOptions(create_groups=True), invite=True)
        assert (kept.state, kept.rows_all) == (State.READING, 26)
        import_job.go_on(now=world.clock())
        db.session.refresh(kept)
        assert (kept.state, kept.rows_done, kept.counts) == (State.READY, 25, {"new": 25})
        assert started(world, kept).state == State.DONE
    assert world.events().count("person.created") == 1 + 25
    lines = [record.getMessage() for record in caplog.records if record.name == "mfa_app.trail"]
    assert sum('"event": "person.created"' in line for line in lines) == 1 + 25
    assert world.events().count("person.invited") == 25
    assert world.count(OutboxMail, OutboxMail.template == "invitation") == 25
    assert world.count(Membership) == 25
    with world.data():
        assert verification.verify() is None
        assert import_job.go_on(now=world.clock()) == 0
    assert world.events().count("person.invited") == 25


def test_a_large_file_that_cannot_be_read_is_refused_by_the_job(world: World) -> None:
    """Attack 117: the last of many lines is none of a text."""
    world.people("carol")
    with world.data():
        kept = uploaded(world, large(1100, "a\0b@firma.nl,\n"))
        import_job.go_on(now=world.clock())
        db.session.refresh(kept)
        assert (kept.state, asdict(refusal_of(kept))["line"]) == (State.REFUSED, 1102)
    assert world.count(ImportRow) == 0
    assert world.count(User) == 1


def test_of_two_processes_that_read_one_file_the_later_one_goes_on(world: World) -> None:
    world.people("carol")
    with world.data():
        kept = uploaded(world, large(2100), ImportOptions(create_groups=True))

        def begin_elsewhere(_done: int, _all: int) -> None:
            db.session.execute(update(PeopleImport).values(worker="another"))
            db.session.commit()

        assert reading.read(kept, progress=begin_elsewhere) is False
        assert kept.state == State.READING
    assert world.count(ImportRow) == 1000


@both_databases
def test_a_dropped_file_and_one_of_thirty_days_ago_are_gone(world: World, previewed: PeopleImport) -> None:
    stored.drop(previewed, actor=importer(world))
    db.session.commit()
    assert stored.find(previewed.id, actor=importer(world)) is None
    assert db.session.scalars(select(PeopleImport.file)).one() == b""
    assert world.count(ImportRow) == 0
    kept = uploaded(world, ONE_OF_EACH)
    assert world.count(ImportRow) == 5
    for days, left in ((29, 2), (1, 0)):
        world.clock.advance(days=days)
        housekeeping.purge_expired(now=world.clock())
        assert world.count(PeopleImport) == left
    assert world.count(ImportRow) == 0
    assert stored.find(kept.id, actor=importer(world)) is None


def test_a_file_comes_back_with_what_became_of_each_row(world: World, previewed: PeopleImport) -> None:
    """Attack 117: cells that a spreadsheet would run, and HTML, come back as texts."""
    file = "Email;Naam;Afdeling\nzoe@firma.nl;=1+1;<b>HR</b>\nnobody;Nobody\ncarol@example.com;;;\n"
    kept = uploaded(world, file + "bob@example.com\ndave@example.com\nalice@example.com\n")
    assert list(result_lines(kept, result_titles(), result_words)) == [
        '"Email","Naam","Afdeling","Result","What to do"\r\n',
        '"zoe@firma.nl","\'=1+1","<b>HR</b>","New",""\r\n',
        '"nobody","Nobody","","Left out",'
        '"This isn\'t an email address. Enter one like name@company.com."\r\n',
        '"carol@example.com","","","Same",""\r\n',
        *[f'"{name}@example.com","","","Same",""\r\n' for name in ("bob", "dave", "alice")],
    ]


@both_databases
def test_what_is_saved_or_about_to_be_is_not_dropped(world: World, previewed: PeopleImport) -> None:
    """Attack 117: the job that saves it would go on without rows."""
    for state in (State.WAITING, State.SAVING, State.DONE):
        previewed.state = state
        db.session.commit()
        with pytest.raises(ImportNotReady):
            stored.drop(previewed, actor=importer(world))
        db.session.commit()
        assert (previewed.state, previewed.file) == (state, ONE_OF_EACH.encode())
        assert world.count(ImportRow) == 6, state


def test_the_job_takes_up_nothing_that_the_terminal_has_left_behind(world: World) -> None:
    """Attack 117: whoever pressed Ctrl+C wants none of it."""
    people = world.count(User)
    with world.data():
        left = stored.upload(
            b"Email\nnew@firma.nl\n", "people.csv", ImportOptions(), actor=TERMINAL, now=world.clock()
        )
        for state in (State.READING, State.WAITING, State.SAVING):
            left.state = state
            db.session.commit()
            assert import_job.go_on(now=world.clock()) == 0, state
            db.session.refresh(left)
            assert (left.state, left.worker) == (state, None)
    assert world.count(User) == people


@both_databases
def test_only_those_are_invited_who_can_get_in_and_have_no_password(world: World) -> None:
    """Invitations come after the people, some at a time: much can happen between."""
    world.people("carol")
    names = ("disabled", "ended", "chosen", "waiting")
    file = "Email,Last day\n" + "".join(
        f"{name}@firma.nl,{world.clock().date() if name == 'ended' else ''}\n" for name in names
    )
    options, now = ImportOptions(), world.clock()
    with world.data():
        from_terminal.apply(file.encode(), "people.csv", options, invite=True, actor=importer(world), now=now)
        db.session.commit()
        of = {user.name: user for user in db.session.scalars(select(User))}
        accounts.disable(of["Disabled"], actor=TERMINAL, now=world.clock())
        of["Chosen"].password_hash = "a hash"
        db.session.commit()
        world.clock.advance(days=1)
        import_job.invite(now=world.clock())
        assert db.session.scalars(select(Invitation.user_id)).all() == [of["Waiting"].id]
    assert world.events().count("person.invited") == 1


@both_databases
def test_two_jobs_that_save_one_import_at_once_save_it_once(world: World, previewed: PeopleImport) -> None:
    """Attack 117: one has lost its lease without knowing it."""
    stored.start(previewed, actor=importer(world), now=world.clock())
    db.session.commit()

    def run() -> int:
        with world.data():
            return import_job.go_on(now=world.clock())

    assert sorted(at_once(run, run)) in ([0, 1], [1, 1])
    db.session.refresh(previewed)
    assert previewed.state == State.DONE
    assert world.events().count("people.imported") == 1


@both_databases
def test_a_job_that_was_overtaken_saves_nothing(world: World, previewed: PeopleImport) -> None:
    """Attack 117: its lease had run out, and another one has saved the import since."""
    stored.start(previewed, actor=importer(world), now=world.clock())
    db.session.commit()
    others: list[int] = []

    def overtake(_session: Session) -> None:
        if not others:
            others.append(-1)
            others.extend(at_once(run))

    def run() -> int:
        with world.data():
            return import_job.go_on(now=world.clock())

    event.listen(db.session(), "after_commit", overtake)
    assert import_job.go_on(now=world.clock()) == 0
    assert others == [-1, 1]
    db.session.refresh(previewed)
    assert previewed.state == State.DONE
    assert world.events().count("people.imported") == 1


@both_databases
def test_of_two_imports_that_are_started_at_once_one_is(world: World, previewed: PeopleImport) -> None:
    """Attack 117: both are of administrators, who look at different files."""
    world.people("anton", role=Role.ADMIN)
    anton = as_user(VISITOR, world.user("anton"))
    other = stored.upload(b"Email\nx@firma.nl\n", "x.csv", ImportOptions(), actor=anton, now=world.clock())
    db.session.commit()
    carol, ids = importer(world), (previewed.id, other.id)

    def start(number: int) -> bool:
        with world.app.app_context(), suppress(ImportRunning):
            kept = db.session.get_one(PeopleImport, ids[number])
            stored.start(kept, actor=(carol, anton)[number], now=world.clock())
            db.session.commit()
            return True
        return False

    assert sorted(at_once(lambda: start(0), lambda: start(1))) == [False, True]


def test_an_import_does_nothing_that_its_importer_may_not(world: World, previewed: PeopleImport) -> None:
    """Attack 117: roles, the importer, the last administrator, addresses that look like others, HTML."""
    file = (
        "Email,Name,Role,Last day\ncarol@example.com,Queen,,\nalice@example.com,,admin,\n"
        "dave@example.com,,,2031-03-31\nALICE@example.com,,,\n\u0430lice@example.com,,,\n"
        "eve@firma.nl,<script>alert(1)</script>,root,\nzoe@firma.nl,<b>Zoe</b>,,\n"
    )
    kept = uploaded(world, file, ImportOptions(leavers=True))
    assert [row.problem for row in stored.rows(kept, Outcome.WRONG)] == [
        "own account", "other role", "privileged", "duplicate", "lookalike", "role",
    ]  # fmt: skip
    assert [row.email for row in stored.rows(kept, Outcome.DISABLED)] == [
        "bob@example.com",
        "erin@example.com",
    ]
    assert started(world, kept).state == State.DONE
    assert [row.email for row in stored.rows(kept, Outcome.NEW)] == ["zoe@firma.nl"]
    nobody_named = uploaded(world, "Email\nbob@example.com\n", ImportOptions(leavers=True))
    kept_alone = [(row.email, row.problem) for row in stored.rows(nobody_named, Outcome.KEPT)]
    assert kept_alone == [("carol@example.com", "privileged"), ("dave@example.com", "privileged")]
