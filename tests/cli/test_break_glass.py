"""`second-gate break-glass`: new codes at night, and what is left of them."""

import re

from mfa_app.models import BreakGlassCode, Role
from tests.support.terminal import done
from tests.support.world import World

SHAPE = re.compile(r"\b(?:[a-z2-7]{4}-){5}[a-z2-7]{4}\b")


def command(world: World, *arguments: str) -> str:
    """Return what `second-gate break-glass` prints."""
    return done(world.app.test_cli_runner().invoke(args=["break-glass", *arguments]))


def test_new_codes_are_printed_once_and_every_administrator_is_told(world: World) -> None:
    world.linked_earlier("carol")
    world.linked_earlier("anton", role=Role.ADMIN)
    old = set(SHAPE.findall(command(world, "new")))
    new = set(SHAPE.findall(command(world, "new")))
    assert (len(old | new), world.count(BreakGlassCode)) == (4, 2)
    assert [world.mails(name).count("break_glass_made") for name in ("carol", "anton")] == [2, 2]
    assert not SHAPE.search(command(world, "status"))


def test_status_says_what_is_left_and_that_one_was_used(world: World) -> None:
    world.linked_earlier("carol")
    assert "There are no break-glass codes." in command(world, "status")
    code = world.break_glass_codes()[0]
    assert command(world, "status").startswith("2 of 2 break-glass codes are left, made on ")
    carol = world.password_given("carol")
    carol.submit("/login/break-glass", code=code)
    output = command(world, "status")
    assert output.startswith("1 of 2 break-glass codes is left")
    assert "One was used on" in output
