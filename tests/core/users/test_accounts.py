"""Accounts: what a change sees of another one saved a moment before, and who counts as an administrator."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import update

from mfa_app.core.common.errors import LastAdministrator
from mfa_app.core.factors import own_factors, registry
from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import Ending, Role, User
from tests.support.databases import both_databases
from tests.support.world import TERMINAL, World

STAFF_AGAIN = Profile("alice@example.com", "Alice", Role.STAFF)


@both_databases
@pytest.mark.parametrize(
    "verb",
    [
        accounts.disable,
        partial(accounts.change_role, role=Role.STAFF),
        partial(accounts.edit, profile=STAFF_AGAIN),
    ],
    ids=["disable", "change role", "edit"],
)
def test_who_has_just_become_the_last_administrator_stays_one(
    world: World, verb: Callable[..., None]
) -> None:
    world.person("carol")
    world.person("alice")
    with world.data():
        alice = world.user("alice")
        with db.engine.begin() as meanwhile:
            meanwhile.execute(update(User).values(role=Role.STAFF))
            meanwhile.execute(
                update(User).where(User.id == alice.id).values(role=Role.ADMIN, link_required=True)
            )
        with pytest.raises(LastAdministrator):
            verb(alice, actor=TERMINAL, now=world.clock())


def nobody_chose_a_password(user: User) -> None:
    user.password_hash = None


def nobody_linked_and_needs_a_link(user: User) -> None:
    own_factors.delete_all(user.id, Ending.REMOVED, now=user.created_at)


def locked_out(user: User) -> None:
    registry.lock(user, now=user.created_at)


def disabled(user: User) -> None:
    user.disabled_at = user.created_at


@pytest.mark.parametrize(
    "spoil", [nobody_chose_a_password, nobody_linked_and_needs_a_link, locked_out, disabled]
)
def test_only_administrators_who_could_log_in_now_count(world: World, spoil: Callable[[User], None]) -> None:
    world.linked("carol")
    world.linked("erin", role=Role.ADMIN)
    with world.data():
        spoil(world.user("erin"))
    with world.data(), pytest.raises(LastAdministrator):
        accounts.disable(world.user("carol"), actor=TERMINAL, now=world.clock())


def test_an_administrator_who_has_been_reset_counts(world: World) -> None:
    world.linked("carol")
    world.linked("erin", role=Role.ADMIN)
    world.reset("erin")
    with world.data():
        accounts.disable(world.user("carol"), actor=TERMINAL, now=world.clock())


def test_one_who_cannot_log_in_may_be_removed(world: World) -> None:
    world.linked("carol")
    world.person("erin", role=Role.ADMIN, password=None)
    with world.data():
        accounts.disable(world.user("erin"), actor=TERMINAL, now=world.clock())
