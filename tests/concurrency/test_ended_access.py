"""Two changes in one moment: whoever has just been disabled or demoted finishes nothing."""

import pytest
from sqlalchemy import select

from mfa_app.core.users import accounts
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, Role, User
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.served_site import at_once
from tests.support.world import TERMINAL, World

pytestmark = both_databases
ROUNDS = 2


@pytest.fixture
def world(served_world: World) -> World:
    """A site that two processes serve."""
    return served_world


def at_work(world: World, *names: str) -> list[Visitor]:
    """Make administrators (dave: of the help desk) who have just entered a code."""
    return [
        world.at_work(name, role=Role.HELPDESK if name.startswith("dave") else Role.ADMIN) for name in names
    ]


def disable(world: World, actor: Visitor, name: str) -> Page:
    return actor.post(f"/admin/people/{world.id_of(name)}/disable")


def demote(world: World, actor: Visitor, name: str) -> Page:
    fields = {"name": name.capitalize(), "email": f"{name}@example.com", "role": "staff"}
    fields["confirmed"] = "yes"
    return actor.post(f"/admin/people/{world.id_of(name)}/edit", **fields)


def administrators(world: World, *names: str) -> set[str]:
    """Return which of them are still enabled administrators."""
    with world.data():
        users = {name: world.user(name) for name in names}
        return {name for name, user in users.items() if user.is_active and user.role == Role.ADMIN}


@pytest.mark.parametrize("end", [disable, demote])
def test_of_two_who_end_each_others_access_one_stays(world: World, end: object) -> None:
    at_work(world, "carol")
    for number in range(ROUNDS):
        names = f"anton{number}", f"berta{number}"
        anton, berta = at_work(world, *names)
        for visitor in (anton, berta):
            visitor.open("/admin/people")
        at_once(lambda: end(world, anton, names[1]), lambda: end(world, berta, names[0]))  # noqa: B023
        assert len(administrators(world, *names)) == 1


@pytest.mark.parametrize("end", [disable, demote])
def test_the_last_two_who_end_each_others_access_leave_one_beside_an_invitation(
    world: World, end: object
) -> None:
    world.person("erin", role=Role.ADMIN, password=None)
    anton, berta = at_work(world, "anton", "berta")
    for visitor in (anton, berta):
        visitor.open("/admin/people")
    at_once(lambda: end(world, anton, "berta"), lambda: end(world, berta, "anton"))
    assert len(administrators(world, "anton", "berta")) == 1


@pytest.mark.parametrize("role", [None, Role.STAFF])
def test_who_has_just_lost_the_role_finishes_nothing(world: World, role: Role | None) -> None:
    at_work(world, "carol")
    for number in range(ROUNDS):
        name = f"anton{number}"
        (anton,) = at_work(world, name)
        victims = [world.newcomer() for _ in range(3)]
        anton.open("/admin/people")
        ids = [world.id_of(victim) for victim in victims]
        at_once(
            lambda: take_away(world, name, role),  # noqa: B023
            *[lambda i=number_: anton.post(f"/admin/people/{i}/disable") for number_ in ids],  # noqa: B023
        )
        with world.data():
            lost = last_row(world.user(name), "person.disabled" if role is None else "person.edited")
            after = select(AuditEvent.event).where(
                AuditEvent.id > lost, AuditEvent.actor_id == world.user(name).id
            )
            assert list(db.session.scalars(after)) == []


def test_who_has_just_been_promoted_is_not_reset_by_the_help_desk(world: World) -> None:
    for number in range(ROUNDS):
        name = f"alice{number}"
        (dave,) = at_work(world, f"dave{number}")
        world.linked(name)
        path = f"/admin/people/{world.id_of(name)}/reset"
        dave.open(path)
        at_once(
            lambda: take_away(world, name, Role.ADMIN),  # noqa: B023
            lambda: dave.post(path, checked="called back", reason="lost phone"),  # noqa: B023
        )
        with world.data():
            user = world.user(name)
            promoted = last_row(user, "person.edited")
            after = select(AuditEvent.id).where(AuditEvent.id > promoted, AuditEvent.subject_id == user.id)
            assert db.session.scalar(after.where(AuditEvent.event == "second_factor.reset")) is None


def take_away(world: World, name: str, role: Role | None) -> None:
    """Disable somebody at the terminal, or give another role."""
    with world.data():
        if role is None:
            accounts.disable(world.user(name), actor=TERMINAL, now=world.clock())
        else:
            accounts.change_role(world.user(name), role, actor=TERMINAL, now=world.clock())


def last_row(user: User, event: str) -> int:
    """Return the number of the last row with this event about somebody."""
    rows = select(AuditEvent.id).where(AuditEvent.subject_id == user.id, AuditEvent.event == event)
    return db.session.scalars(rows.order_by(AuditEvent.id.desc()).limit(1)).one()
