"""Accounts: what a change sees of another change that was saved a moment before."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import update

from mfa_app.core.common.errors import LastAdministrator
from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import Role, User
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
            meanwhile.execute(update(User).where(User.id == alice.id).values(role=Role.ADMIN))
        with pytest.raises(LastAdministrator):
            verb(alice, actor=TERMINAL, now=world.clock())
