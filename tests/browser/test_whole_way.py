"""The main job from end to end, as the person meets it, on both databases."""

from tests.support.databases import both_databases
from tests.support.world import World

pytestmark = both_databases


def test_alice_links_an_app_and_is_asked_for_a_code_from_then_on(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    alice = world.link_and_wait("alice")
    assert alice.page.path == "/"
    alice.press("Log out")
    alice = world.password_given("alice", alice)
    assert alice.page.title == "2-factor authentication"
    alice.press("Log in", code=world.phones["alice"].code())
    assert alice.page.path == "/"
    alice.press("Log out")
    assert world.password_given("alice", alice).page.path == "/"
