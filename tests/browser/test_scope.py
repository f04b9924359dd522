"""An administrator lets dave of the help desk help one group alone, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.chromium import Window
from tests.support.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def people(world: World) -> World:
    """Alice of Finance and bob of Sales, who have apps, and carol and dave, who work here."""
    for group in ("Finance", "Sales"):
        world.group(group)
    world.linked_earlier("alice", groups_=("Finance",))
    world.linked_earlier("bob", groups_=("Sales",))
    for name in ("carol", "dave"):
        world.linked_earlier(name)
    return world


def test_a_help_desk_with_a_scope(people: World, new_window: Callable[..., Window]) -> None:
    carol, dave = new_window(), new_window()
    carol.goes_on_as(people.log_in_and_wait("carol"))
    dave.goes_on_as(people.log_in_and_wait("dave"))
    dave.open("/admin/people")
    dave.reads("2 people")
    carol.open(f"/admin/people/{people.id_of('dave')}")
    carol.follow("Change whom this person helps")
    carol.sees("Whom this person helps")
    carol.field("Only staff in these groups").check()
    carol.press("Save")
    carol.reads("Tick at least one group.")
    carol.field("Finance").check()
    carol.press("Save")
    carol.reads("Dave now helps the people of Finance only.")
    dave.open(f"/admin/people/{people.id_of('bob')}")
    dave.sees("Page not found")
    dave.open("/admin/people")
    dave.reads("You help Finance.")
    dave.reads("1 person")
    expect(dave.page.get_by_role("link", name="Bob")).to_have_count(0)
    dave.type_into("Name or email address", "bob@example.com", enter=True)
    dave.reads("Nobody found")
    dave.open("/admin/people")
    dave.follow("Alice")
    dave.follow("Reset 2-factor authentication")
    dave.field("I called back on the number in the directory").check()
    dave.field("Reason").fill("Called back on 4711")
    dave.press("Reset 2-factor authentication")
    dave.reads("2-factor authentication reset for Alice.")
