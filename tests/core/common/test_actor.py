"""Who acts: what each kind of actor may do, and how it reads on the trail."""

import logging

import pytest

from mfa_app.core.audit import search, stream
from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.errors import NotAllowed
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.users import accounts, first_administrator
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Role
from mfa_app.wording.events import event_line
from tests.support.world import PASSWORD, TERMINAL, VISITOR, World

# Before the set-up link had a kind of its own, it was recorded as the terminal, but with an IP address.
SET_UP_IN_OLD_ROWS = Actor(ActorKind.TERMINAL, "set-up link", ip_address="192.0.2.1", user_agent="Firefox")


def set_up(world: World) -> None:
    """Let carol become the first administrator."""
    with world.data():
        token = one_time_links.create(Purpose.SETUP, None, now=world.clock())
        link, _user = one_time_links.find(token, Purpose.SETUP, now=world.clock())
        first_administrator.create_first_administrator(
            link,
            Profile("carol@example.com", "Carol", Role.ADMIN),
            PASSWORD,
            actor=VISITOR,
            now=world.clock(),
        )


def test_the_stored_values_never_change() -> None:
    assert [str(kind) for kind in ActorKind] == ["person", "visitor", "terminal", "setup", "site"]


@pytest.mark.parametrize("permission", Permission)
def test_only_the_terminal_needs_no_role(permission: Permission) -> None:
    allowed = [kind for kind in ActorKind if Actor(kind).may(permission)]
    assert allowed == [ActorKind.TERMINAL]


def test_whoever_opens_the_set_up_link_may_create_no_other_account(world: World) -> None:
    with world.data(), pytest.raises(NotAllowed):
        accounts.create(
            Profile("eve@example.com", "Eve", Role.ADMIN),
            groups=[],
            password=None,
            actor=Actor(ActorKind.SETUP),
            now=world.clock(),
        )


def test_the_first_account_is_created_by_the_set_up_link(world: World) -> None:
    set_up(world)
    with world.data():
        row = search.latest(1)[0].row
        assert (row.event, row.actor_kind, row.ip_address) == ("person.created", "setup", "192.0.2.1")
        assert event_line(row).by == "Set-up link"


def test_an_old_row_of_the_set_up_link_reads_as_before(world: World) -> None:
    with world.data():
        record(Event.GROUP_CREATED, actor=SET_UP_IN_OLD_ROWS, group="Finance")
    with world.data():
        row = search.latest(1)[0].row
        assert event_line(row).by == "Terminal (set-up link)"


def test_only_rows_of_the_terminal_are_logged_later(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mfa_app.trail")
    set_up(world)
    with world.data():
        record(Event.GROUP_CREATED, actor=SET_UP_IN_OLD_ROWS, group="Finance")
        record(Event.GROUP_CREATED, actor=TERMINAL, group="Sales")
    caplog.clear()
    with world.data():
        stream.stream_cli_events()
    assert ['"group": "Sales"' in line.message for line in caplog.records] == [True]


def test_an_edit_leaves_one_row_for_each_thing_that_changes(world: World) -> None:
    world.group("Finance")
    world.person("alice")
    with world.data():
        user, finance = world.user("alice"), world.group_row("Finance")
        profile = Profile("alicia@example.com", "Alicia", Role.HELPDESK)
        accounts.edit(user, profile, groups=[finance], actor=TERMINAL, now=world.clock())
    link_sent = "person.enrolment_link_sent"
    assert world.events()[-5:] == ["person.edited"] * 3 + [link_sent, "group.member_added"]
    assert sorted(world.mails("alice")) == ["address_changed"]
    assert sorted(world.mails("alicia")) == ["enrolment_link"]
