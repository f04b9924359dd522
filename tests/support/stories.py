"""The beginnings of many stories: who has come how far. Say `world.after(carol_at_work)`."""

from argon2 import PasswordHasher
from sqlalchemy import update

from mfa_app.extensions import db
from mfa_app.models import User
from tests.support.browser import Visitor
from tests.support.world import PASSWORD, World


def carol_at_work(world: World) -> Visitor:
    """Return the browser of carol the administrator, who has just entered a code."""
    world.linked_earlier("carol")
    return world.log_in_and_wait("carol")


def carol_at_work_and_finance(world: World) -> Visitor:
    """Return the same, where there is a group, which requires nothing yet."""
    world.group("Finance")
    return carol_at_work(world)


def carol_of_finance_at_work(world: World) -> Visitor:
    """Return the same, where carol is a member of that group."""
    world.group("Finance")
    world.linked_earlier("carol", groups_=("Finance",))
    return world.log_in_and_wait("carol")


def dave_at_work(world: World) -> Visitor:
    """Return the browser of dave of the help desk, who has just entered a code."""
    world.linked_earlier("dave")
    return world.log_in_and_wait("dave")


def alice_logged_in(world: World) -> Visitor:
    """Return the browser of alice, who is logged in and needs no code."""
    world.person("alice")
    return world.password_given("alice")


def alice_with_an_old_hash(world: World) -> str:
    """Return the hash of alice's password, which costs less than hashes do now."""
    world.person("alice")
    cheap = PasswordHasher(memory_cost=64, time_cost=1, parallelism=1).hash(PASSWORD)
    with world.data():
        db.session.execute(update(User).values(password_hash=cheap))
    return cheap


def alice_logged_out(world: World) -> Visitor:
    """Return the browser of alice, logged out; it is known to be hers."""
    visitor = alice_logged_in(world)
    visitor.press("Log out")
    return visitor


def alice_at_the_linking_page(world: World) -> Visitor:
    """Return the browser of alice of Finance, which requires 2FA: with her password given and no app yet."""
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    return world.password_given("alice")


def alice_just_linked(world: World) -> Visitor:
    """Return the browser of alice of Finance, who has just linked her app."""
    return world.link_and_wait("alice", alice_at_the_linking_page(world))


def alice_at_the_code_page(world: World) -> Visitor:
    """Return a browser at the code page of alice of Finance, who has an app."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    return world.password_given("alice")


def alice_past_both_gates(world: World) -> Visitor:
    """Return the browser of alice of Finance, who has entered a code."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    return world.log_in_and_wait("alice")


def alice_on_a_remembered_device(world: World) -> Visitor:
    """Return the same, on a device that is remembered from now on."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    return world.log_in_and_wait("alice", remember=True)


def alice_remembered(world: World) -> Visitor:
    """Return the browser of alice of Finance, remembered, and logged out."""
    return world.remembered_a_minute_ago("alice")


def bob_linked_twenty_minutes_ago(world: World) -> Visitor:
    """Return the browser of bob, who linked an app by choice twenty minutes ago."""
    world.person("bob")
    visitor = world.link_and_wait("bob")
    world.clock.advance(minutes=20)
    return visitor
