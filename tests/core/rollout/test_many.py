"""One change for many people: whom it concerns, and who is left out for which reason."""

from datetime import timedelta

import pytest

from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.rollout import many
from mfa_app.core.rollout.many import Action, Change, Obstacle, Plan
from mfa_app.core.users import accounts
from mfa_app.models import OutboxMail, Role, User
from tests.support.databases import both_databases
from tests.support.world import World


def change(world: World, action: Action, *names: str, group: str | None = None) -> Change:
    ids = frozenset(world.user(name).id for name in names)
    return Change(action, ids, world.group_row(group) if group else None)


def carol(world: World) -> Actor:
    row = world.user("carol")
    return Actor(ActorKind.PERSON, row.email, row.id, Role(row.role), security_stamp=row.security_stamp)


def told(plan: Plan) -> tuple[list[str], dict[Obstacle, list[str]]]:
    """Return the names in a plan."""
    left_out = {obstacle: [user.name for user in users] for obstacle, users in plan.left_out.items()}
    return [user.name for user in plan.people], left_out


def apply(
    world: World, action: Action, *names: str, group: str | None = None
) -> tuple[list[str], dict[Obstacle, list[str]]]:
    """Let carol do it; what the preview says just before is what happens."""
    with world.data():
        asked, actor = change(world, action, *names, group=group), carol(world)
        foreseen = told(many.preview(asked, actor=actor, now=world.clock()))
        assert told(many.apply(asked, actor=actor, now=world.clock())) == foreseen
        return foreseen


@pytest.fixture
def town(world: World) -> World:
    world.linked_earlier("carol")
    world.people("alice", "bob", "dave")
    return world


@both_databases
def test_disabling_leaves_out_administrators_oneself_and_who_is_disabled(town: World) -> None:
    town.person("erin", role=Role.ADMIN)
    with town.data():
        accounts.disable(town.user("bob"), actor=carol(town), now=town.clock())
    assert apply(town, Action.DISABLE, "alice", "bob", "carol", "dave", "erin") == (
        ["Alice", "Dave"],
        {
            Obstacle.DISABLED: ["Bob"],
            Obstacle.OWN_ACCOUNT: ["Carol"],
            Obstacle.ADMINISTRATOR: ["Erin"],
        },
    )
    assert town.count(User, User.disabled_at.is_not(None)) == 3
    assert town.events("alice").count("person.disabled") == 1


@both_databases
def test_who_is_in_the_group_already_stays_as_before(town: World) -> None:
    town.group("Finance")
    assert apply(town, Action.JOIN, "alice", group="Finance") == (["Alice"], {})
    assert apply(town, Action.JOIN, "alice", "bob", group="Finance") == (
        ["Bob"],
        {Obstacle.MEMBER: ["Alice"]},
    )
    assert apply(town, Action.LEAVE, "alice", "dave", group="Finance") == (
        ["Alice"],
        {Obstacle.NO_MEMBER: ["Dave"]},
    )


def test_nobody_leaves_a_group_that_requires_2fa_of_oneself(town: World) -> None:
    town.group("Finance", required=True)
    apply(town, Action.JOIN, "alice", "carol", group="Finance")
    assert apply(town, Action.LEAVE, "alice", "carol", group="Finance") == (
        ["Alice"],
        {Obstacle.OWN_REQUIREMENT: ["Carol"]},
    )


def test_who_can_use_an_invitation_gets_one(town: World) -> None:
    town.people("frank", "grace", password=None)
    with town.data():
        town.user("grace").ends_at = town.clock() - timedelta(days=1)
    assert apply(town, Action.INVITE, "alice", "carol", "frank", "grace") == (
        ["Frank"],
        {
            Obstacle.PASSWORD_CHOSEN: ["Alice"],
            Obstacle.OWN_ACCOUNT: ["Carol"],
            Obstacle.CLOSED: ["Grace"],
        },
    )
    assert town.count(OutboxMail, OutboxMail.template == Mail.INVITATION) == 1


def test_who_was_reminded_today_is_left_out(town: World) -> None:
    town.require(None)
    assert apply(town, Action.REMIND, "alice") == (["Alice"], {})
    assert apply(town, Action.REMIND, "alice", "bob") == (
        ["Bob"],
        {Obstacle.NOTHING_TO_REMIND: ["Alice"]},
    )


def test_a_group_that_has_just_been_deleted_takes_nobody(town: World) -> None:
    town.group("Finance")
    with town.data():
        asked = change(town, Action.JOIN, "alice", group="Finance")
        many.groups.remove(asked.group, actor=carol(town))
        assert many.apply(asked, actor=carol(town), now=town.clock()) == Plan()
