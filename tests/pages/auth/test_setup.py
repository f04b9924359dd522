"""The first run: a one-time link makes the first administrator, who links an app at once."""

from unittest.mock import Mock

import pytest
from sqlalchemy.exc import OperationalError

from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.users.first_administrator import SetUpNoted
from mfa_app.extensions import db
from mfa_app.models import User
from tests.support.browser import Visitor
from tests.support.site_parts import part_of
from tests.support.statements import statements
from tests.support.world import PASSWORD, World


@pytest.fixture
def link(world: World) -> str:
    """The set-up link that a fresh installation prints."""
    with world.data():
        return "/link/" + one_time_links.create(Purpose.SETUP, None, now=world.clock())


def fill_in(visitor: Visitor, link: str, **fields: str) -> Visitor:
    visitor.open(link)
    values = {"name": "Carol", "email": "carol@example.com", "password": PASSWORD, **fields}
    visitor.press("Create the administrator", **values)
    return visitor


def test_a_fresh_installation_has_no_account(world: World) -> None:
    assert world.count(User) == 0


def test_every_page_of_a_fresh_site_says_where_the_set_up_link_is(world: World, link: str) -> None:
    eve = world.visitor()
    for path in ("/", "/login", "/password/forgotten"):
        note = eve.open(path).html.select_one(".note-warning")
        assert note and "This site is not set up yet." in note.text, path
        assert "in the terminal that started it" in note.text and "second-gate setup-link" in note.text
        assert "/link/" not in eve.page.response.text
    carol = world.visitor()
    assert "not set up yet" not in carol.open(link).text
    fill_in(carol, link)
    assert "not set up yet" not in eve.open("/login").text


def test_only_until_a_site_is_set_up_do_pages_ask_whether_it_is(
    world: World,
) -> None:
    def asked() -> list[str]:
        with statements(world) as sent:
            part_of(world.app, SetUpNoted).seen = False
            world.visitor().open("/password/forgotten")
            world.visitor().open("/password/forgotten")
        return [statement.split()[0] for statement in sent]

    assert asked() == ["SELECT", "SELECT"]
    world.person("carol")
    assert asked() == ["SELECT"]


def test_a_page_does_without_the_answer_where_the_database_has_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Mock(side_effect=OperationalError("", None, Exception()))
    with world.app.app_context():
        monkeypatch.setattr(db.engine, "connect", gone)
    page = world.visitor().open("/password/forgotten")
    assert (page.status, "not set up yet" in page.text) == (200, False)
    assert gone.called


def test_no_default_account_ever(world: World) -> None:
    eve = world.visitor()
    eve.open("/login")
    for name in ("admin", "admin@example.com", "root"):
        assert eve.press("Log in", email=name, password=name).status == 400, name


def test_the_link_makes_the_first_administrator_who_links_an_app_at_once(world: World, link: str) -> None:
    carol = fill_in(world.visitor(), link)
    assert carol.page.path == "/enrolment"
    world.phones["carol"] = world.phone_that_scans(carol.page)
    carol.press("Enable", code=world.phones["carol"].code())
    assert "You are now logged in" in carol.page.text
    with world.data():
        assert world.user("carol").role == "admin"
    assert world.details("person.created") == {"role": "admin", "groups": []}


def test_the_link_works_once(world: World, link: str) -> None:
    fill_in(world.visitor(), link)
    assert world.visitor().open(link).status == 410


def test_two_who_have_the_page_open_make_one_administrator(world: World, link: str) -> None:
    eve = world.visitor()
    eve.open(link)
    fill_in(world.visitor(), link)
    page = eve.press("Create the administrator", name="Eve", email="eve@example.com", password=PASSWORD)
    assert page.status in (400, 410)
    assert world.count(User) == 1
    assert eve.cookie("sid") is None


def test_with_an_administrator_another_link_makes_no_second_one(world: World, link: str) -> None:
    world.person("carol")
    page = fill_in(world.visitor(), link, email="eve@example.com").page
    assert page.status == 400
    assert "already exists" in page.text
    assert world.count(User) == 1


def test_the_link_works_for_a_day(world: World, link: str) -> None:
    world.clock.advance(hours=24)
    assert world.visitor().open(link).status == 410


def test_bad_values_are_refused_at_their_field_and_the_link_stays(world: World, link: str) -> None:
    carol = world.visitor()
    for field, value in (
        ("email", "not an address"),
        ("email", ""),
        ("name", ""),
        ("name", "x" * 301),
        ("password", "short"),
        ("password", "carol@example.com"),
    ):
        fill_in(carol, link, **{field: value})
        assert carol.page.status == 400, (field, value)
        assert carol.page.html.find(id=f"{field}-error").get_text(strip=True), (field, value)
        assert world.count(User) == 0
    assert fill_in(carol, link).page.path == "/enrolment"


def test_an_address_at_an_internal_domain_is_welcome(world: World, link: str) -> None:
    assert fill_in(world.visitor(), link, email="anna@firma.local").page.path == "/enrolment"
