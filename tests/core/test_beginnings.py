"""A test that begins like another goes on from where that one came to, and can't tell the difference."""

import pytest

from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from tests.support.databases import both_databases
from tests.support.site_parts import part_of, put
from tests.support.stories import alice_past_both_gates
from tests.support.tables import dump
from tests.support.world import TERMINAL, World

pytestmark = both_databases
LIVED = pytest.mark.parametrize("time", ["lived", "lived and kept", "put back"])
EVENTS = ["group.created", "policy.changed", "person.created", "password.accepted", "code.accepted"]


@LIVED
def test_each_time_a_beginning_ends_alike(world: World, time: str) -> None:
    alice = world.after(alice_past_both_gates)
    assert set(EVENTS) <= set(world.events())
    assert alice.open("/account").path == "/account"
    assert world.log_in_and_wait("alice").current.path == "/"
    assert (
        len(list((world.app.config["SETTINGS"].instance_path / "outbox").iterdir())) == 3
    )  # linked, two new browsers
    assert (world.id_of("alice"), f"{world.clock():%H:%M:%S}") == (1, "09:01:30")


@LIVED
def test_what_is_made_after_a_beginning_gets_the_next_number(world: World, time: str) -> None:
    world.people("alice", "bob")
    world.person("erin")
    with world.data():
        accounts.create(
            Profile("frank@example.com", "Frank"), groups=[], password=None, actor=TERMINAL, now=world.clock()
        )
    assert [world.id_of(name) for name in ("alice", "bob", "erin", "frank")] == [1, 2, 3, 4]
    assert len(world.events()) == 4


@LIVED
def test_other_arguments_are_another_beginning(world: World, time: str) -> None:
    required = time == "put back"
    world.group("Finance", required=required)
    world.person("alice", groups_=("Finance",))
    assert world.password_given("alice").current.path == ("/enrolment" if required else "/")


@pytest.mark.parametrize("something", ["a commit", "a part", "patched code", "a browser at hand"])
def test_after_anything_else_steps_are_lived(
    world: World, monkeypatch: pytest.MonkeyPatch, something: str
) -> None:
    alice = world.after(alice_past_both_gates)
    assert world.beginning is not None
    match something:
        case "a commit":
            alice.press("Log out")
        case "a part":
            put(world.app, part_of(world.app, type(world.app.config["SETTINGS"])))
        case "patched code":
            monkeypatch.setattr(accounts, "insert_user", accounts.insert_user)
        case _:
            world.password_given("alice", world.visitor())
    world.person("bob")
    assert world.beginning is None


def test_looking_is_not_anything_else(world: World) -> None:
    world.people("alice", "bob")
    before = dump(world.app)
    assert world.visitor().open("/healthz").status == 404
    assert world.events("bob") == ["person.created"]
    world.person("erin")
    assert world.beginning is not None
    assert len(dump(world.app)["user_account"]) == len(before["user_account"]) + 1
