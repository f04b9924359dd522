"""No page reads a table that grows with the people, or with time, from end to end, on either database."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from mfa_app.core.common import search_words
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk import risk, scopes
from mfa_app.core.imports import stored
from mfa_app.core.imports.plan import ImportOptions
from mfa_app.core.policy import affected, impact
from mfa_app.core.policy.affected import Whom
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.policy.two_factor_state import TwoFactorState
from mfa_app.core.users.invitation_list import Stage
from mfa_app.extensions import db
from mfa_app.models import (
    AuditEvent,
    Authenticator,
    Invitation,
    Membership,
    OutboxMail,
    PeopleImport,
    SearchWord,
    Throttle,
    User,
)
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.plans import Sent, statements_with_values, tables_read_whole
from tests.support.routes import address, rules
from tests.support.world import TERMINAL, World

THEN, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
PEOPLE = 600

FILLED = {
    "audit_event",
    "authenticator",
    "import_row",
    "invitation",
    "membership",
    "outbox_mail",
    "search_word",
    "throttle",
    "user_account",
}
# PostgreSQL reads a table with a few rows from end to end whatever its indexes are, SQLite never does.
GROWING = {
    "postgresql": FILLED,
    "sqlite": FILLED
    | {
        "auth_session",
        "held_form",
        "one_time_link",
        "pending_enrolment",
        "remembered_device",
        "reset_request",
    },
}

PEOPLE_FILTERS = [
    "",
    *(f"?two_factor={state}" for state in TwoFactorState),
    "?two_factor=to-link",
    "?two_factor=stopped",
    "?group=1&two_factor=to-link",
    "?group=2&two_factor=link-now&state=invited",
    "?state=invited",
    "?state=ends-soon",
    "?sort=name",
    "?sort=added&group=1",
    "?sort=login&two_factor=exempt",
    "?sort=name&q=person7&after=person_7",
    "?two_factor=linked",
    "?two_factor=unlinked",
    "?two_factor=passkey",
    "?group=1&two_factor=passkey",
    "?state=active",
    "?state=disabled",
    "?state=locked",
    "?group=1&state=locked",
    "?role=staff",
    "?role=helpdesk",
    "?role=admin",
    "?group=1",
    "?group=1&two_factor=unlinked",
    "?group=1&two_factor=unlinked&state=active&role=staff",
    "?two_factor=unlinked&state=disabled&role=helpdesk",
    "?q=person",
    "?q=person7",
    "?q=person7&group=2",
    "?q=nobody",
    "?q=person8@example.com",
    "?after=person1",
    "?before=person5",
    "?group=1&after=person1",
    "?group=1&before=person5",
]
CHANGES = [
    "?act=disable&people=7&people=8",
    "?act=invite&people=7&people=8",
    "?act=remind&people=7&people=8",
    "?act=join&group=2&people=7&people=500",
    "?act=leave&group=2&people=7&people=500",
]
TRAIL_FILTERS = [
    "",
    "?before=50",
    "?person=person7@example.com",
    "?person=nobody@example.com",
    "?person=person",
    "?event=login.completed",
    "?event=login.completed&person=person7@example.com",
    "?since=2026-01-01",
    "?until=2026-01-01",
]


@pytest.fixture
def company(world: World) -> World:
    """600 people in two groups, with words, apps, events, mail and counters; carol is the administrator.

    SQLite chooses the same plan for any number of rows, and PostgreSQL here too, as `scans` lets it choose.
    """
    world.after(a_large_company)
    with world.app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return world


def a_large_company(world: World) -> None:
    for name in ("Everybody", "Few"):
        world.group(name, required=True)
    world.linked_earlier("carol")
    with world.data():
        db.session.execute(insert(User), list(_people()))
        found = db.session.execute(select(User.email, User.id).where(User.email.like("person%")))
        people = [(row.email, row.id) for row in found]
        _fill(people, groups.find("Everybody").id, groups.find("Few").id)
        file = "Email\n" + "\n".join(email for email, _id in people) + "\nnew@example.com\n"
        stored.upload(file.encode(), "people.csv", ImportOptions(), actor=TERMINAL, now=world.clock())


def _people() -> Iterator[dict[str, Any]]:
    for number in range(PEOPLE):
        email = f"person{number}@example.com"
        yield {
            "email": email,
            "email_key": email,
            "name": f"Person {number}",
            "name_key": f"person {number}",
            "role": "helpdesk" if number % 500 == 9 else "staff",
            "created_at": THEN,
            "security_stamp": 0,
            "required": False,
            "disabled_at": THEN if number % 100 == 7 else None,
            "exempt_until": LATER if number % 300 == 8 else None,
            "factors_locked_at": THEN if number % 500 == 1 else None,
            "account_locked_at": THEN if number % 500 == 2 else None,
        }


def _fill(people: list[tuple[str, int]], everybody: int, few: int) -> None:
    words = [
        {"word": word, "user_id": user_id}
        for email, user_id in people
        for word in search_words.words_of(email.partition("@")[0], email)
    ]
    app = {"sealed_secret": "sealed", "last_step": 0, "enrolled_at": THEN}
    apps = [{**app, "user_id": id_} for _, id_ in people if id_ % 9]
    members = [{"user_id": id_, "group_id": everybody, "joined_at": THEN} for _, id_ in people]
    members += [{"user_id": id_, "group_id": few, "joined_at": THEN} for _, id_ in people[:20]]
    kind = {"event": "login.completed", "actor_kind": "person", "ip_address": "", "user_agent": ""}
    rest = {"details": {}, "previous": "", "mac": "", "at": THEN}
    events = [
        {**kind, **rest, "id": 10_000 + id_, **about}
        for email, id_ in people
        for about in [{"actor_id": id_, "subject_id": id_, "actor_name": email, "subject_name": email}]
    ]
    mails = [
        {"id": f"{id_:032}", "to": email, "template": "linked", "created_at": THEN, "sent_at": THEN}
        for email, id_ in people
    ]
    counters = [
        {"key": f"code:{id_}", "failures": 1, "next_try_at": THEN, "forget_at": THEN} for _, id_ in people
    ]
    invited = {"security_stamp": 0, "sender": "", "sent_at": THEN}
    stages = ({}, {"mailed_at": THEN}, {"opened_at": THEN}, {"asked_at": THEN}, {"used_at": THEN})
    nothing = dict.fromkeys(("mailed_at", "opened_at", "asked_at", "used_at"))
    invitations = [
        {**invited, **nothing, **stages[id_ % 5], "user_id": id_, "digest": f"{id_}", "expires_at": at}
        for _, id_ in people
        for at in [LATER if id_ % 2 else THEN]
    ]
    for model, rows in (
        (Invitation, invitations),
        *((SearchWord, words), (Authenticator, apps), (Membership, members)),
        *((AuditEvent, events), (OutboxMail, mails), (Throttle, counters)),
    ):
        db.session.execute(insert(model), rows)


def pages(world: World) -> list[str]:
    """Return the addresses of all pages, and of those with filters under each."""
    plain = [address(rule) for rule in rules(world.app) if "GET" in (rule.methods or ())]
    filtered = [f"/admin/people{query}" for query in PEOPLE_FILTERS]
    filtered += [f"/admin/people/chosen{query}" for query in CHANGES]
    filtered += [f"/admin/trail{query}" for query in TRAIL_FILTERS]
    time = "2026-03-31T21:59:59.999999%2B00:00_7"
    filtered += [f"/admin/people/invitations?after={time}", f"/admin/exemptions?after={time}"]
    filtered += [f"/admin/requests?after={time}", "/admin/people/7/timeline?before=10007"]
    for stage in Stage:
        filtered += [f"/admin/people/invitations?state={stage}{more}" for more in ("", f"&after={time}")]
    with world.data():
        (the_import,) = db.session.scalars(select(PeopleImport.id))
    filtered += [f"/admin/imports/{the_import}{query}" for query in ("", "?after=7", "?outcome=new")]
    return sorted({*plain, *filtered} - {"/logout"})


Asked = dict[str, tuple[str, Sent]]


def all_asked(world: World, visitor: Visitor, paths: Iterable[str]) -> Asked:
    """Return the statements of these pages, each with the page that sends it first: most send the same."""
    asked: Asked = {}
    for path in paths:
        with statements_with_values(world) as sent:
            visitor.client.get(path)
        for one in sent:
            asked.setdefault(repr(one), (path, one))
    return asked


def scans(world: World, asked: Asked) -> set[str]:
    """Return the growing tables that these statements read from end to end, each with page and statement."""
    found = set()
    with world.app.app_context(), db.engine.connect() as connection:
        growing = GROWING[connection.dialect.name]
        if connection.dialect.name == "postgresql":
            for method in ("seqscan", "hashjoin", "mergejoin"):  # cheap while a table is small
                connection.exec_driver_sql(f"SET enable_{method} = off")
        for path, (statement, values) in asked.values():
            if statement.startswith("SELECT"):
                read = tables_read_whole(connection, (statement, values))
                found |= {f"{path}: {table}: {' '.join(statement.split())}" for table in read & growing}
    return found


@both_databases
def test_no_page_reads_a_table_that_grows_from_end_to_end(company: World) -> None:
    carol = company.log_in_and_wait("carol")
    assert scans(company, all_asked(company, carol, pages(company))) == set()


@both_databases
def test_no_list_within_a_scope_reads_a_table_that_grows_from_end_to_end(company: World) -> None:
    company.linked_earlier("dave")
    with company.data():
        scopes.limit(company.user("dave"), [company.group_row("Everybody")], actor=TERMINAL)
    dave = company.log_in_and_wait("dave")
    lists = [f"/admin/people{query}" for query in PEOPLE_FILTERS]
    asked = all_asked(company, dave, ["/admin/people/7", "/admin/people/7/timeline", *lists])
    assert scans(company, asked) == set()


def test_who_else_could_approve_a_reset_is_found_among_the_few_by_role(company: World) -> None:
    """By another index SQLite would read everyone who is linked: three seconds among a million people."""
    with company.data():
        person = db.session.get_one(User, 7)
        with statements_with_values(company) as sent:
            risk.somebody_else_could_approve(person, TERMINAL, now=company.clock())
        ((statement, values),) = sent
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        steps = [row[3] for row in plan if "user_account" in row[3]]
    assert steps == ["SEARCH user_account USING INDEX ix_user_account_role_email_key (role=?)"]


@both_databases
def test_no_preview_reads_a_table_that_grows_from_end_to_end(company: World) -> None:
    asked: Asked = {}
    with company.data():
        for scope in (company.group_row("Everybody"), None):
            for values in (RuleValues(required=False), RuleValues(required=True, grace_days=7)):
                with statements_with_values(company) as sent:
                    impact.preview_impact(scope, values, now=company.clock())
                    for whom in Whom:
                        affected.page_of(scope, values, whom, now=company.clock())
                asked |= {repr(one): (f"{scope}, {values}", one) for one in sent}
    assert scans(company, asked) == set()
