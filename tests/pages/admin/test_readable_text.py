"""Names and reasons that somebody types: one line that everybody can read, on every page that keeps them."""

from collections.abc import Callable
from email import message_from_string, policy
from itertools import cycle

import pytest

from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.models import Group, User
from tests.support.browser import Page, Visitor
from tests.support.stories import carol_at_work
from tests.support.world import PASSWORD, World

UNREADABLE = ["Anna\x1b[2J Berg", "Anna\x9b31m Berg", "Anna \x07Berg", "Anna \ue000Berg"]
TWINS = ["Finance\u200b", "\ufeffFinance", "Fi\u00adnance", "Finance\u202c", "\u3164Finance"]


@pytest.fixture
def carol(world: World) -> Visitor:
    """The administrator, who has just entered a code; there is a group called Sales."""
    carol = world.after(carol_at_work)
    world.group("Sales")
    return carol


def new_person(world: World, carol: Visitor, text: str) -> Page:
    carol.open("/admin/people/new")
    return carol.press("Add the person", name=text, email="anna@example.com")


def renamed_person(world: World, carol: Visitor, text: str) -> Page:
    world.person("alice")
    carol.open(f"/admin/people/{world.id_of('alice')}/edit")
    return carol.press("Save", name=text)


def new_group(world: World, carol: Visitor, text: str) -> Page:
    carol.open("/admin/groups/new")
    return carol.press("Create the group", name=text)


def renamed_group(world: World, carol: Visitor, text: str) -> Page:
    with world.data():
        number = world.group_row("Sales").id
    carol.open(f"/admin/groups/{number}/name")
    return carol.press("Rename", name=text)


def reset(world: World, carol: Visitor, text: str) -> Page:
    world.person("alice")
    carol.open(f"/admin/people/{world.id_of('alice')}/reset")
    return carol.press("Reset 2-factor authentication", checked="called back", reason=text)


def exemption(world: World, carol: Visitor, text: str) -> Page:
    world.person("alice")
    carol.open(f"/admin/people/{world.id_of('alice')}/policy")
    return carol.press("Exempt this person", until="2026-03-10", reason=text)


def set_up(world: World, _carol: Visitor, text: str) -> Page:
    with world.data():
        token = one_time_links.create(Purpose.SETUP, None, now=world.clock())
    visitor = world.visitor()
    visitor.open(f"/link/{token}")
    return visitor.press("Create the administrator", name=text, email="zoe@example.com", password=PASSWORD)


WAYS = (new_person, renamed_person, new_group, renamed_group, reset, exemption, set_up)
EACH_WAY = list(zip(WAYS, cycle(UNREADABLE), strict=False))


@pytest.mark.parametrize(("way", "text"), EACH_WAY, ids=[way.__name__ for way in WAYS])
def test_what_the_terminal_refuses_the_pages_refuse(
    world: World, carol: Visitor, way: Callable[[World, Visitor, str], Page], text: str
) -> None:
    page = way(world, carol, text)
    assert page.status == 400
    assert "Remove the characters that can't be shown." in page.text


def test_a_group_gets_no_twin_that_looks_the_same(world: World, carol: Visitor) -> None:
    world.group("Finance")
    for name in TWINS:
        assert "already a group with this name" in new_group(world, carol, name).text, ascii(name)
        assert "already a group with this name" in renamed_group(world, carol, name).text, ascii(name)
    assert world.count(Group) == 2


def test_what_shows_nothing_is_not_kept(world: World, carol: Visitor) -> None:
    new_person(world, carol, "\u202eAnna\u200b\u00a0Berg\u00ad")
    with world.data():
        assert (world.user("anna").name, world.user("anna").name_key) == ("Anna Berg", "anna berg")


@pytest.mark.parametrize("name", ["\u200b", "\u3164\u00a0", "\u202e\u202c"], ids=ascii)
def test_a_name_of_nothing_visible_is_none(world: World, carol: Visitor, name: str) -> None:
    assert "Enter a name." in new_person(world, carol, name).text
    assert world.count(User, User.email == "anna@example.com") == 0


def test_an_address_with_something_invisible_is_the_address(world: World, carol: Visitor) -> None:
    world.person("berg")
    for typed in ("berg@example.com\u200b", "\ufeffberg@example.com", "be\u00adrg@example.com\u202c"):
        carol.open("/admin/people/new")
        assert "already an account" in carol.press("Add the person", name="Berg", email=typed).text
        visitor = world.visitor()
        visitor.give_password(typed, PASSWORD)
        assert visitor.page.path == "/"


def test_a_reason_is_one_line_and_quoted_in_the_mail(world: World, carol: Visitor) -> None:
    reset(world, carol, "Phone lost.\r\n\r\nYours sincerely\u2028The management")
    line = "Phone lost. Yours sincerely The management"
    assert world.details("second_factor.reset")["reason"] == line
    plain = message_from_string(world.last_mail(), policy=policy.default).get_body(("plain",))
    assert plain is not None
    assert f"Reason: \u201c{line}\u201d" in " ".join(plain.get_content().split())


def test_browsers_send_every_address_that_has_an_account(world: World, carol: Visitor) -> None:
    carol.open("/admin/people/new")
    carol.press("Add the person", name="J\u00f6rg", email="j\u00f6rg@example.com")
    assert world.count(User, User.email == "j\u00f6rg@example.com") == 1
    for path in "/login", "/password/forgotten":
        field = world.visitor().open(path).html.select_one("input[name=email]")
        assert field is not None
        assert (field["type"], field["inputmode"]) == ("text", "email")  # type=email is for ASCII alone
