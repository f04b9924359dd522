"""What is foreseen of one person is what the decision says once the change is made."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from mfa_app.core.groups import groups
from mfa_app.core.policy import foresight
from mfa_app.core.policy.facts import PolicySubject, find_subject
from mfa_app.core.policy.foresight import Foresight
from mfa_app.core.users import accounts
from mfa_app.models import Role
from mfa_app.wording.foresight import foresight_sentence, standing_cell
from tests.support.databases import both_databases
from tests.support.world import TERMINAL, World


def subject(world: World, name: str) -> PolicySubject:
    found = find_subject(world.user(name).id)
    assert found is not None
    return found


def join(world: World, name: str, group: str) -> Foresight:
    """Return what was foreseen of joining, after the person has joined."""
    user, row, now = subject(world, name), world.group_row(group), world.clock()
    foreseen = foresight.of_membership(user, joins=[row], now=now)
    groups.add_member(row, world.user(name), actor=TERMINAL, now=now)
    return foreseen


def leave(world: World, name: str, group: str) -> Foresight:
    user, row = subject(world, name), world.group_row(group)
    foreseen = foresight.of_membership(user, leaves=[row], now=world.clock())
    groups.remove_member(row, world.user(name), actor=TERMINAL)
    return foreseen


def take_role(world: World, name: str, role: str) -> Foresight:
    foreseen = foresight.of_edit(subject(world, name), role=Role(role), now=world.clock())
    accounts.change_role(world.user(name), Role(role), actor=TERMINAL, now=world.clock())
    return foreseen


def company(world: World) -> None:
    """Let there be groups with each kind of rule, and people in each and in none."""
    world.group("Finance", required=True)
    world.group("Sales", required=True, grace_days=7)
    world.group("IT", required=True, required_from=world.clock() + timedelta(days=2))
    world.group("Idle")
    world.person("alice")
    world.person("erin", groups_=("Idle",))
    world.person("frank", groups_=("Finance",))
    world.person("grace", groups_=("Sales",))
    world.linked_earlier("bob")
    with world.data():
        world.user("bob").opted_in = False
        world.user("erin").exempt_until = world.clock() + timedelta(days=9)


@both_databases
@pytest.mark.parametrize(
    ("change", "name", "what", "sentence"),
    [
        (join, "alice", "Finance", "Alice must link an app or add a passkey at the next click or login"),
        (join, "alice", "Sales", "Alice must link an app or add a passkey by 9 March 2026, 09:00 UTC"),
        (join, "alice", "IT", "Alice must link an app or add a passkey by 4 March 2026, 09:00 UTC"),
        (join, "alice", "Idle", "Nothing changes for Alice"),
        (join, "bob", "Finance", "Bob will be asked for a code from the next click or login on"),
        (join, "bob", "Sales", "Bob will be asked for a code from the next click or login on"),
        (join, "bob", "IT", "Bob will be asked for a code from 4 March 2026 on"),
        (join, "erin", "Finance", "Nothing changes for Erin"),
        (leave, "frank", "Finance", "Frank will no longer be asked for a code"),
        (
            leave,
            "grace",
            "Sales",
            "Grace will no longer have to link an app or add a passkey by 9 March 2026",
        ),
        (leave, "erin", "Idle", "Nothing changes for Erin"),
        (take_role, "alice", "helpdesk", "Alice will need a link to set up an app or passkey"),
        (take_role, "erin", "admin", "Erin will need a link to set up an app or passkey"),
        (take_role, "frank", "staff", "Nothing changes for Frank"),
    ],
)
def test_what_is_foreseen_comes_true(
    world: World, change: Callable[[World, str, str], Foresight], name: str, what: str, sentence: str
) -> None:
    world.after(company)
    with world.data():
        foreseen = change(world, name, what)
        assert foresight_sentence(foreseen).startswith(sentence)
    with world.data():
        facts = subject(world, name).facts
        made = Foresight(subject(world, name), facts, world.clock())
        assert (made.before, made.changes) == (foreseen.after, False)
        assert standing_cell(made.before, facts) == standing_cell(foreseen.after, foreseen.facts)
