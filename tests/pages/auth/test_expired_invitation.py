"""An invitation that was followed too late: who sent it, and a new link for the asking, once a day."""

from collections.abc import Callable
from datetime import datetime

import pytest

from mfa_app.core.mail import delivery
from mfa_app.core.passwords import change
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.core.users import accounts, invitation_ends, invitations, new_links
from mfa_app.models import AuthSession, OneTimeLink, User
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.stories import carol_at_work
from tests.support.world import TERMINAL, VISITOR, World

NEW = "eleven slow trams across the bridge"

ASKED = "person.new_link_wanted"


def dora_comes_too_late(world: World) -> str:
    """Return the path of the link in the invitation that carol sent to dora eight days ago."""
    world.after(carol_at_work)
    world.person("dora", password=None)
    with world.data():
        actor = as_user(VISITOR, world.user("carol"))
        token = invitations.invite(world.user("dora"), actor=actor, now=world.clock())
        delivery.deliver_due()
    world.clock.advance(days=8)
    return f"/link/{token}"


@pytest.fixture
def link(world: World) -> str:
    return world.after(dora_comes_too_late)


def ask(world: World, link: str, visitor: Visitor | None = None) -> Page:
    visitor = visitor or world.visitor()
    visitor.open(link)
    return visitor.press("Ask for a new link")


def test_who_comes_too_late_reads_who_sent_it_and_asks_for_a_new_link(world: World, link: str) -> None:
    page = world.visitor().open(link)
    assert (page.status, page.title) == (410, "Your invitation has expired")
    assert "Its link worked until 9 Mar 2026, 09:01 UTC" in page.text
    assert "Carol invited you on 2 Mar 2026" in page.text
    asked = ask(world, link)
    assert (asked.path, world.events("dora")[-1]) == ("/login", ASKED)
    assert "Carol has been told that you need a new link." in asked.text
    assert world.mails("carol")[-1] == "new_link_wanted"
    words = " ".join(world.words_of_last_mail().split())
    assert "that you sent to Dora (dora@example.com) has expired" in words
    assert "/admin/people/invitations?state=asked" in words
    assert "You last asked for one on 10 Mar 2026" in world.visitor().open(link).text


def test_carol_sees_who_asks_and_sends_it_again(world: World, link: str) -> None:
    ask(world, link)
    carol = world.log_in_and_wait("carol")
    row = carol.open("/admin/people/invitations?state=asked").html.select_one("tbody tr")
    assert "New link wanted" in row.get_text()
    page = carol.open(f"/admin/people/{world.id_of('dora')}")
    assert "This person asked for a new link on 10 Mar 2026" in page.text
    carol.open("/admin/people/invitations?state=asked")
    carol.press("Send again", people=[world.id_of("dora")])
    assert "No invitations here" in carol.page.text
    new = world.link_in_last_mail()
    assert world.visitor().open(link).title == "This link no longer works"
    dora = world.visitor()
    dora.open(new)
    assert dora.press("Save password", password=NEW).title == "Welcome, Dora"


def test_asking_opens_nothing_and_makes_no_link(world: World, link: str) -> None:
    dora = world.visitor()
    ask(world, link, dora)
    assert dora.open("/password/choose").status == 410
    dora.open("/login")
    assert dora.post("/password/choose", password=NEW).status == 410
    assert (world.count(AuthSession), dora.cookie("sid")) == (1, None)  # that of carol
    open_ = OneTimeLink.purpose == "invitation", OneTimeLink.expires_at > world.clock()
    assert world.count(OneTimeLink, *open_) == 0
    assert world.mails("dora") == ["invitation"]


@both_databases
def test_whoever_presses_often_is_told_of_once_a_day(world: World, link: str) -> None:
    for _time in range(3):
        assert "Carol has been told" in ask(world, link).text
    assert world.events("dora").count(ASKED) == world.mails("carol").count("new_link_wanted") == 1
    world.clock.advance(days=1)
    ask(world, link)
    assert world.events("dora").count(ASKED) == world.mails("carol").count("new_link_wanted") == 2


def test_without_such_a_link_there_is_nothing_to_ask_and_nothing_to_learn(world: World, link: str) -> None:
    stranger = world.visitor()
    stranger.open("/login")
    assert stranger.post("/link/new").status == 410
    with stranger.client.session_transaction() as planted:
        planted["link"] = "A" * 43
    stranger.open("/login")
    assert stranger.post("/link/new").status == 410
    made_up = world.visitor().open("/link/" + "A" * 43)
    with world.data():
        world.user("dora").ends_at = world.clock()  # the last day is over
    assert world.visitor().open(link).text == made_up.text
    with world.data():
        world.user("dora").ends_at = None
        accounts.disable(world.user("dora"), actor=TERMINAL, now=world.clock())
    assert world.visitor().open(link).text == made_up.text
    dora = world.visitor()
    dora.open(link)
    dora.open("/login")
    assert dora.post("/link/new").status == 410
    assert ASKED not in world.events()


def test_a_link_that_was_followed_a_quarter_of_an_hour_ago_is_forgotten(world: World, link: str) -> None:
    dora = world.visitor()
    dora.open(link)
    world.clock.advance(minutes=16)
    page = dora.press("Ask for a new link")
    assert (page.status, page.title) == (400, "Open the link again")
    assert ASKED not in world.events("dora")
    late = world.visitor()
    late.open(link)
    world.clock.advance(minutes=16)
    assert late.open("/password/choose").title == "This link no longer works"
    assert "Carol has been told" in ask(world, link, dora).text


def test_an_account_that_was_disabled_or_opened_meanwhile_is_not_asked_for(world: World, link: str) -> None:
    dora, late = world.visitor(), world.visitor()
    for visitor in (dora, late):
        visitor.open(link)
    with world.data():
        invitations.invite(world.user("dora"), actor=TERMINAL, now=world.clock())
    assert dora.press("Ask for a new link").title == "This link no longer works"
    with world.data():
        accounts.disable(world.user("dora"), actor=TERMINAL, now=world.clock())
    assert late.press("Ask for a new link").status == 410
    assert ASKED not in world.events()


def test_the_link_of_the_reminder_asks_too(world: World) -> None:
    world.person("dora", password=None)
    with world.data():
        invitations.invite(world.user("dora"), actor=TERMINAL, now=world.clock())
    world.clock.advance(days=6)
    with world.data():
        assert invitation_ends.tell_before_end(now=world.clock()) == 1
        delivery.deliver_due()
    reminder = world.link_in_last_mail()
    world.clock.advance(days=2)
    page = ask(world, reminder)
    assert "The administrators can see that you need a new link." in page.text  # the terminal sent it
    assert world.events("dora")[-1] == ASKED


def test_a_form_that_was_open_when_the_invitation_expired_leads_there_too(world: World, link: str) -> None:
    with world.data():
        token = invitations.invite(world.user("dora"), actor=TERMINAL, now=world.clock())
    world.clock.advance(days=7, minutes=-5)
    dora = world.visitor()
    dora.open(f"/link/{token}")
    world.clock.advance(minutes=6)
    page = dora.press("Save password", password=NEW)
    assert (page.status, page.title) == (410, "Your invitation has expired")


def test_an_administrator_who_has_left_is_not_told(world: World, link: str) -> None:
    with world.data():
        world.user("carol").disabled_at = world.clock()
        assert new_links.ask(link.rpartition("/")[2], actor=VISITOR, now=world.clock()) == ""
    assert world.events("dora")[-1] == ASKED
    assert "new_link_wanted" not in world.mails("carol")


@pytest.mark.parametrize(
    "happens",
    [
        lambda dora, now: invitations.invite(dora, actor=TERMINAL, now=now),
        lambda dora, now: accounts.disable(dora, actor=TERMINAL, now=now),
        lambda dora, now: change.set_from_terminal(dora, NEW, actor=TERMINAL, now=now),
    ],
    ids=["sent again", "disabled", "has a password"],
)
def test_a_wish_that_is_over_when_the_mail_would_leave_is_not_told(
    world: World, link: str, happens: Callable[[User, datetime], object]
) -> None:
    with world.data():
        assert new_links.ask(link.rpartition("/")[2], actor=VISITOR, now=world.clock()) == "Carol"
        happens(world.user("dora"), world.clock())
        delivery.deliver_due()
    assert "new_link_wanted" not in world.mails("carol")
