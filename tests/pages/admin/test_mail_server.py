"""What the pages promise about email: only what is true with, and without, a mail server."""

import logging
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from mfa_app.core.mail import outbox
from mfa_app.extensions import db
from tests.support.browser import Page, Visitor, attribute
from tests.support.databases import both_databases
from tests.support.world import World

ALICE = "alice@example.com"
NEW = "eleven slow trams across the bridge"


@pytest.fixture
def carol(world: World) -> Visitor:
    world.person("alice", password=None)
    return world.at_work("carol")


@pytest.fixture
def environment(environment: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a site without a mail server, or with one that does not answer."""
    return {**environment, **getattr(request, "param", {})}


with_mail_server = pytest.mark.parametrize(
    "environment", [{"MFA_SMTP_URL": "smtp://127.0.0.1:9"}], indirect=True
)


def shown_link(page: Page) -> str:
    """Return the path of the link that a page shows."""
    link = attribute(page.html.select_one("input#link[readonly]"), "value")
    assert attribute(page.html.select_one("[data-copy]"), "data-copy") == link
    assert page.response.headers["Cache-Control"] == "no-store"
    return urlsplit(link).path


def test_without_a_mail_server_the_page_shows_an_invitation_once(world: World, carol: Visitor) -> None:
    carol.open(f"/admin/people/{world.id_of('alice')}")
    page = carol.press("Make a link")
    assert page.title == "Link for Alice"
    assert "until 9 Mar 2026, 09:00 UTC" in page.text
    assert world.events("alice")[-2:] == ["person.invited", "person.link_shown"]
    alice = world.visitor()
    alice.open(shown_link(page))
    assert alice.press("Save password", password=NEW).path == "/"
    assert carol.follow("Go on").title == "Alice"


def test_without_a_mail_server_the_page_shows_the_link_of_a_new_person(world: World, carol: Visitor) -> None:
    assert "No mail server is set up" in carol.open("/admin/people/new").text
    page = carol.press("Add the person", name="Frank", email="frank@firma.local")
    assert "Account created for Frank." in page.text
    assert world.visitor().open(shown_link(page)).title == "Choose your password"
    assert carol.follow("Go on").title == "Frank"


def test_without_a_mail_server_the_page_shows_the_link_to_set_up_an_app(world: World, carol: Visitor) -> None:
    world.person("dave")
    with world.data():
        world.user("dave").link_required = False
    carol.open(f"/admin/people/{world.id_of('dave')}")
    page = carol.press("Make a link to set up an app")
    assert "With it and the password, Dave sets up" in page.text
    assert "until 5 Mar 2026, 09:00 UTC" in page.text
    assert world.visitor().open(shown_link(page)).status == 200
    assert world.events("dave")[-2:] == ["person.enrolment_link_sent", "person.link_shown"]


@both_databases
def test_without_a_mail_server_the_page_shows_the_link_that_a_new_role_needs(
    world: World, carol: Visitor
) -> None:
    carol.open(f"/admin/people/{world.id_of('alice')}/edit")
    carol.press("Save", role="helpdesk")
    page = carol.press("Save")
    assert "Changes saved." in page.text
    assert world.visitor().open(shown_link(page)).title == "Choose your password"


def test_a_link_that_is_shown_stays_nowhere(
    world: World, carol: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    carol.open(f"/admin/people/{world.id_of('alice')}")
    token = shown_link(carol.press("Make a link")).rpartition("/")[2]
    assert token not in carol.open(f"/admin/people/{world.id_of('alice')}").source
    assert token not in str(carol.cookies)
    assert token not in caplog.text
    with world.data():
        rows = [db.session.execute(select(table)).all() for table in db.metadata.sorted_tables]
    assert token not in repr(rows)


def test_without_a_mail_server_no_page_promises_an_email(world: World, carol: Visitor) -> None:
    page_of_alice = f"/admin/people/{world.id_of('alice')}"
    assert "tell this person yourself" in carol.open(f"{page_of_alice}/reset").text
    assert "tell them yourself" in carol.open(f"{page_of_alice}/edit").text
    stranger = world.visitor()
    stranger.open("/password/forgotten")
    assert "This site sends no emails" in stranger.press("Send the link", email=ALICE).text


@with_mail_server
def test_with_a_mail_server_the_email_is_on_its_way(world: World, carol: Visitor) -> None:
    page_of_alice = f"/admin/people/{world.id_of('alice')}"
    assert "We'll send this person an email" in carol.open("/admin/people/new").text
    assert "gets an email" in carol.open(f"{page_of_alice}/reset").text
    assert "we'll tell the old one" in carol.open(f"{page_of_alice}/edit").text
    carol.open(page_of_alice)
    page = carol.press("Send an invitation")
    assert f"on its way to {ALICE}" in page.text
    assert "/link/" not in page.source
    assert world.events("alice")[-1] == "person.invited"
    assert world.mails(ALICE) == [outbox.Mail.INVITATION]


PASS_ON = "No mail server is set up: you pass on a link from each person's page."


def pages_that_send_links(world: World, carol: Visitor) -> list[str]:
    """Return what the pages say that send links to many people at once."""
    world.group("Finance")
    carol.open(f"/admin/people/{world.id_of('alice')}")
    carol.submit(f"/admin/people/{world.id_of('alice')}/invite")
    carol.open("/admin/groups/1")
    return [
        carol.press("Add to the group", email="zoe@example.com").text,
        carol.open("/admin/people/invitations").text,
        carol.open(f"/admin/people/chosen?act=invite&people={world.id_of('alice')}").text,
    ]


def test_without_a_mail_server_no_page_promises_an_email_to_many(world: World, carol: Visitor) -> None:
    for text in pages_that_send_links(world, carol):
        assert PASS_ON in text and "an email" not in text


@with_mail_server
def test_with_a_mail_server_each_of_many_gets_an_email(world: World, carol: Visitor) -> None:
    for text in pages_that_send_links(world, carol):
        assert "gets an email with a" in text and PASS_ON not in text


def imported(carol: Visitor) -> tuple[str, str]:
    """Let Carol import somebody new, who is to be invited; return what the pages before and after say."""
    carol.open("/admin/people/import")
    before = carol.press("Continue", lines="Email\nfrank@firma.local\n", invite="y").text
    return before, carol.press("Import 1 person").text


def test_without_a_mail_server_no_page_of_an_import_promises_an_email(world: World, carol: Visitor) -> None:
    for text in imported(carol):
        assert "No mail server is set up: you pass on a link from each person's page." in text
        assert "The new person gets an email" not in text
        assert "The invitations are sent" not in text
    carol.follow("See the people who were added")
    carol.follow("Frank")
    assert carol.press("Make a new link").title == "Link for Frank"


@with_mail_server
def test_with_a_mail_server_the_pages_of_an_import_promise_invitations(world: World, carol: Visitor) -> None:
    before, after = imported(carol)
    assert "The new person gets an email with a link to choose a password." in before
    assert "The invitations are sent now, some at a time." in after
