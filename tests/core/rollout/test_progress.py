"""How far someone has come: logged in, saw a QR code, and anew once an app was linked."""

from mfa_app.models import Progress
from tests.support.databases import both_databases
from tests.support.stories import alice_at_the_linking_page, alice_logged_in
from tests.support.world import World


def progress_of(world: World, name: str) -> int:
    with world.data():
        return world.user(name).progress


def test_who_was_only_invited_has_come_to_nothing(world: World) -> None:
    world.person("alice", password=None)
    assert progress_of(world, "alice") == Progress.NOTHING


@both_databases
def test_a_login_is_noted_and_says_no_less_later(world: World) -> None:
    world.after(alice_logged_in)
    assert progress_of(world, "alice") == Progress.LOGGED_IN


@both_databases
def test_a_qr_code_is_noted_and_forgotten_once_the_app_is_linked(world: World) -> None:
    visitor = world.after(alice_at_the_linking_page)
    assert progress_of(world, "alice") == Progress.SAW_QR_CODE
    world.link_and_wait("alice", visitor)
    assert progress_of(world, "alice") == Progress.LOGGED_IN


def test_a_qr_code_for_one_more_app_is_not_noted(world: World) -> None:
    world.at_work("alice").open("/enrolment")
    assert progress_of(world, "alice") == Progress.LOGGED_IN
