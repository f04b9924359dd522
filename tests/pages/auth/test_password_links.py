"""Mailed links: each works once, for one purpose, and only an invitation logs in."""

from datetime import timedelta

import pytest

from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.passwords import change
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.core.users import accounts, invitations, lookup
from mfa_app.models import AuthSession, Invitation, OneTimeLink, OutboxMail, RememberedDevice, Role
from mfa_app.wording import dates
from tests.support.browser import Page, Visitor, attribute
from tests.support.world import TERMINAL, VISITOR, World

NEW = "eleven slow trams across the bridge"


def ask(visitor: Visitor, email: str) -> Page:
    visitor.open("/password/forgotten")
    return visitor.press("Send the link", email=email)


def invite(world: World, name: str) -> str:
    """Make somebody without a password and mail an invitation; return the path of its link."""
    world.person(name, password=None)
    with world.data():
        return "/link/" + invitations.invite(world.user(name), actor=TERMINAL, now=world.clock())


@pytest.fixture
def link(world: World) -> str:
    """Alice of Finance, linked, has asked for a new password: the path of the link in her mail."""
    return world.after(alice_asked_for_a_new_password)


def alice_asked_for_a_new_password(world: World) -> str:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    ask(world.visitor(), "alice@example.com")
    return world.link_in_last_mail()


def choose(world: World, link: str, password: str = NEW, visitor: Visitor | None = None) -> Visitor:
    visitor = visitor or world.visitor()
    visitor.open(link)
    visitor.press("Save password", password=password)
    return visitor


def test_the_link_leads_to_a_clean_address(world: World, link: str) -> None:
    page = world.visitor().open(link)
    assert page.path == "/password/choose"
    assert link.rpartition("/")[2] not in page.response.text


def test_alice_chooses_a_new_password_and_is_not_logged_in_by_it(world: World, link: str) -> None:
    alice = choose(world, link)
    assert alice.page.path == "/login"
    assert "saved" in alice.page.text
    assert alice.cookie("sid") is None
    assert world.count(AuthSession) == 0


def test_the_second_gate_stays_where_it_is(world: World, link: str) -> None:
    alice = choose(world, link)
    alice.press("Log in", email="alice@example.com", password=NEW)
    assert alice.page.path == "/login/code"


def test_from_the_login_page_to_a_login_with_the_new_password(world: World) -> None:
    world.linked_earlier("alice")
    alice = world.visitor()
    alice.open(attribute(alice.open("/login").html.find("a", string="Forgot your password?"), "href"))
    assert alice.press("Send the link", email="Alice@Example.com").title == "Check your email"
    choose(world, world.link_in_last_mail(), visitor=alice)
    alice.press("Log in", email="alice@example.com", password=NEW)
    assert alice.press("Log in", code=world.phones["alice"].code()).title == "Welcome, Alice"


def test_a_new_password_ends_all_other_access(world: World, link: str) -> None:
    eve = world.log_in_and_wait("alice", remember=True)
    choose(world, link)
    assert eve.open("/").path == "/login"
    assert world.count(RememberedDevice) == 0
    assert world.mails("alice")[-1] == "password_changed"
    assert world.details("password.changed") == {"way": "mailed link"}


def test_a_link_works_once(world: World, link: str) -> None:
    choose(world, link)
    page = world.visitor().open(link)
    assert page.status == 410
    assert "no longer works" in page.title


def test_a_form_that_is_open_when_the_link_is_used_saves_nothing(world: World, link: str) -> None:
    eve = world.visitor()
    eve.open(link)
    choose(world, link)
    assert eve.press("Save password", password="another quiet evening in town").status == 410
    assert world.events().count("password.changed") == 1


def test_a_link_opened_over_an_open_form_changes_nobodys_password(world: World, link: str) -> None:
    eves = invite(world, "eve")
    alice = world.visitor()
    page = alice.open(link)
    alice.open(eves, follow=False)
    alice.open("/password/choose", follow=False)
    alice.page = page
    assert alice.press("Save password", password=NEW).status == 400
    assert "Open the link in your email again" in alice.page.text
    assert "password.changed" not in world.events()
    assert choose(world, link, visitor=alice).page.path == "/login"


def test_an_opened_link_does_not_wait_in_a_shared_browser(world: World, link: str) -> None:
    shared = world.visitor()
    shared.open(link)
    world.clock.advance(minutes=15)
    page = shared.press("Save password", password=NEW)
    assert (page.status, page.title) == (400, "Open the link again")
    assert shared.open("/password/choose").status == 410
    assert "password.changed" not in world.events()
    assert choose(world, link, visitor=shared).page.path == "/login"


def test_an_opened_link_waits_for_a_quarter_of_an_hour(world: World, link: str) -> None:
    alice = world.visitor()
    alice.open(link)
    world.clock.advance(minutes=14)
    assert alice.press("Save password", password=NEW).path == "/login"


def test_an_invitation_is_not_mixed_with_who_is_logged_in(world: World) -> None:
    world.person("bob")
    bob = world.password_given("bob")
    page = bob.open(invite(world, "daan"))
    assert (page.status, page.title) == (409, "Someone else is logged in")
    assert "You're logged in as Bob (bob@example.com)" in page.text
    assert "This link is for daan@example.com" in page.text
    page = bob.press("Log Bob out and go on")
    assert page.path == "/password/choose"
    assert "daan@example.com" in page.response.text
    assert bob.cookie("sid") is None
    assert world.count(AuthSession) == 0
    page = bob.press("Save password", password=NEW)
    assert (page.path, page.title, "Bob" in page.text) == ("/", "Welcome, Daan", False)


def test_a_password_page_that_was_open_before_somebody_logged_in_saves_nothing(world: World) -> None:
    world.person("bob")
    daan = world.visitor()
    page = daan.open(invite(world, "daan"))
    world.password_given("bob", daan)
    with daan.client.session_transaction() as planted:  # another tab of the same browser
        planted["link"], planted["link_opened"] = "A" * 43, int(world.clock().timestamp())
    daan.page = page
    assert daan.post("/password/choose", password=NEW, link=page.value("link")).status in (400, 409, 410)
    assert "password.changed" not in world.events("daan")


def test_staying_logged_in_leaves_everything_as_it_is(world: World) -> None:
    world.person("bob")
    bob = world.password_given("bob")
    link = invite(world, "daan")
    bob.open(link)
    assert bob.open("/").title == "Welcome, Bob"
    assert choose(world, link).page.title == "Welcome, Daan"


def test_ones_own_link_works_while_one_is_logged_in(world: World) -> None:
    world.person("bob")
    bob = world.password_given("bob")
    ask(world.visitor(), "bob@example.com")
    assert choose(world, world.link_in_last_mail(), visitor=bob).page.path == "/login"


def test_the_set_up_link_is_not_mixed_with_who_is_logged_in(world: World) -> None:
    world.person("bob")
    bob = world.password_given("bob")
    with world.data():
        token = one_time_links.create(Purpose.SETUP, None, now=world.clock())
    page = bob.open(f"/link/{token}")
    assert (page.status, page.title) == (409, "Someone else is logged in")
    assert "This link sets up the first administrator." in page.text
    assert bob.press("Log Bob out and go on").path == "/setup"


def test_without_a_link_nobody_is_logged_out_for_one(world: World) -> None:
    world.person("bob")
    bob = world.password_given("bob")
    assert bob.post("/link/log-out").status == 410
    assert bob.open("/").path == "/"


def test_looking_at_a_link_does_not_use_it_up(world: World, link: str) -> None:
    for _ in range(3):
        assert world.visitor().open(link).status == 200
    assert world.visitor().open(link, method="HEAD").status == 200
    assert choose(world, link).page.path == "/login"


def test_a_link_for_a_password_works_for_an_hour(world: World, link: str) -> None:
    world.clock.advance(minutes=59)
    assert world.visitor().open(link).status == 200
    world.clock.advance(minutes=1)
    assert world.visitor().open(link).status == 410


def test_a_newer_link_ends_no_older_one_until_one_is_used(world: World, link: str) -> None:
    world.clock.advance(minutes=5)
    ask(world.visitor(), "alice@example.com")
    assert world.visitor().open(link).status == 200
    newer = world.link_in_last_mail()
    assert choose(world, newer).page.path == "/login"
    assert world.visitor().open(link).status == 410


def test_a_link_ends_with_the_password_it_was_for(world: World, link: str) -> None:
    with world.data():
        change.set_from_terminal(world.user("alice"), NEW, actor=TERMINAL, now=world.clock())
    assert world.visitor().open(link).status == 410


def test_a_link_ends_with_the_account(world: World, link: str) -> None:
    with world.data():
        accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())
    assert world.visitor().open(link).status == 410


def test_a_weak_password_leaves_the_link_usable(world: World, link: str) -> None:
    alice = world.visitor()
    alice.open(link)
    for weak in ("", "short", "passwordpassword", "alice@example.com", "x" * 257):
        assert alice.press("Save password", password=weak).status == 400, weak
        assert alice.page.html.find(id="password-error"), weak
    alice.press("Save password", password=NEW)
    assert alice.page.path == "/login"


def test_a_known_and_an_unknown_address_get_the_same_answer(world: World) -> None:
    world.people("alice", "bob")
    world.person("dora", password=None)
    with world.data():
        accounts.disable(world.user("bob"), actor=TERMINAL, now=world.clock())
    pages = [ask(world.visitor(), f"{name}@example.com") for name in ("alice", "bob", "dora", "nobody")]
    assert len({page.response.data for page in pages}) == 1
    assert "If there is an account" in pages[0].text
    assert world.count(OutboxMail, OutboxMail.to == "bob@example.com") == 0


def test_what_can_not_be_an_address_is_asked_for_again(world: World) -> None:
    for typed in ("nope", "alice@", "@example.com", "alice example.com"):
        page = ask(world.visitor(), typed)
        assert (page.status, page.title) == (400, "Forgot your password?"), typed
        assert "Enter an email address like name@company.com." in page.text, typed
        assert page.value("email") == typed


def test_one_person_gets_three_such_mails_an_hour(world: World) -> None:
    world.person("alice")
    pages = [ask(world.visitor(address=f"203.0.113.{n}"), "alice@example.com") for n in range(5)]
    assert {page.status for page in pages} == {200}
    assert world.mails("alice").count("password_reset") == 3
    world.clock.advance(hours=1)
    ask(world.visitor(), "alice@example.com")
    assert world.mails("alice").count("password_reset") == 4


def test_one_network_asks_ten_times_in_ten_minutes(world: World) -> None:
    eve = world.visitor()
    assert [ask(eve, f"nobody{n}@example.com").status for n in range(11)] == [200] * 10 + [429]
    assert int(eve.page.response.headers["Retry-After"]) == 600


def test_the_link_in_the_mail_is_on_the_configured_address(world: World, link: str) -> None:
    assert f"http://127.0.0.1:8000{link}" in world.last_mail()


def test_a_link_opens_an_account_that_strangers_had_closed(world: World) -> None:
    world.person("alice")
    eve = world.visitor()
    eve.open("/login")
    for _ in range(6):
        eve.press("Log in", email="alice@example.com", password="not the right one at all")
    assert eve.page.status == 429
    ask(eve, "alice@example.com")
    alice = choose(world, world.link_in_last_mail())
    alice.press("Log in", email="alice@example.com", password=NEW)
    assert alice.page.path == "/"


def test_an_invited_person_chooses_a_password_and_is_in(world: World) -> None:
    dora = choose(world, invite(world, "dora"))
    assert (dora.page.path, dora.page.title) == ("/", "Welcome, Dora")
    assert "Password saved. You're logged in." in dora.page.text
    assert world.events("dora")[-1] == "login.completed"
    assert world.count(Invitation, Invitation.used_at == world.clock()) == 1
    dora = world.visitor()
    dora.open("/login")
    assert dora.press("Log in", email="dora@example.com", password=NEW).path == "/"


def test_an_invited_person_whose_group_requires_it_links_before_anything_opens(world: World) -> None:
    world.group("Finance", required=True)
    world.person("dora", password=None, groups_=("Finance",))
    with world.data():
        token = invitations.invite(world.user("dora"), actor=TERMINAL, now=world.clock())
    dora = choose(world, f"/link/{token}")
    assert dora.page.path == "/enrolment"
    assert dora.open("/").path == "/enrolment"
    assert "login.completed" not in world.events("dora")


def test_a_password_that_is_refused_leaves_the_invitation_open_and_noted(world: World) -> None:
    link = invite(world, "dora")
    dora = world.visitor()
    dora.open(link)
    assert world.count(Invitation, Invitation.opened_at.is_not(None)) == 0  # a scanner comes as far as this
    assert dora.press("Save password", password="password password").path == "/password/choose"
    assert world.count(Invitation, Invitation.opened_at.is_not(None)) == 1
    assert choose(world, link).page.title == "Welcome, Dora"


def test_several_are_invited_at_once_but_nobody_who_has_a_password(world: World) -> None:
    world.person("bob")
    for name in ("daan", "dora"):
        world.person(name, password=None)
    with world.data():
        users = [world.user(name) for name in ("dora", "bob", "daan")]
        tokens = invitations.invite_many(users, actor=TERMINAL, now=world.clock())
        assert set(tokens) == {world.user("daan").id, world.user("dora").id}
        token = tokens[world.user("dora").id]
    assert (world.mails("daan"), world.mails("dora"), world.mails("bob")) == (
        ["invitation"],
        ["invitation"],
        [],
    )
    assert choose(world, f"/link/{token}").page.title == "Welcome, Dora"


def test_the_mail_says_who_sent_it_whom_it_is_for_and_until_when(world: World) -> None:
    world.group("Finance", required=True)
    world.linked("carol", role=Role.ADMIN)
    world.person("dora", password=None, groups_=("Finance",))
    with world.data():
        invitations.invite(world.user("dora"), actor=as_user(VISITOR, world.user("carol")), now=world.clock())
        until = dates.weekday_time(world.clock() + timedelta(days=7))
    world.deliver()
    mail = world.words_of_last_mail()
    assert "Carol has created an account for you" in mail
    assert "Log in with: dora@example.com" in mail
    assert f"Works once, until: {until}" in mail
    assert "have your phone ready" in mail


def test_a_first_password_raises_no_alarm(world: World) -> None:
    dora = choose(world, invite(world, "dora"))
    assert "Password saved." in dora.page.text
    assert world.mails("dora") == ["invitation"]
    with world.data():
        change.set_from_terminal(world.user("dora"), NEW + " again", actor=TERMINAL, now=world.clock())
    assert world.mails("dora") == ["invitation", "password_changed"]


def test_a_first_password_from_the_terminal_raises_no_alarm_either(world: World) -> None:
    world.person("dora", password=None)
    with world.data():
        change.set_from_terminal(world.user("dora"), NEW, actor=TERMINAL, now=world.clock())
    assert world.mails("dora") == []


def test_before_that_no_password_opens_the_account(world: World) -> None:
    invite(world, "dora")
    assert world.password_given("dora").page.status == 400


def test_an_invitation_works_for_a_week(world: World) -> None:
    link = invite(world, "dora")
    world.clock.advance(days=6, hours=23, minutes=59)
    assert world.visitor().open(link).status == 200
    world.clock.advance(minutes=1)
    assert world.visitor().open(link).status == 410


def test_fields_that_the_form_does_not_have_make_nobody_an_administrator(world: World) -> None:
    dora = world.visitor()
    dora.open(invite(world, "dora"))
    wishes = {"role": "admin", "email": "eve@example.com", "user_id": "1"}
    dora.post("/password/choose", password=NEW, link=dora.page.value("link"), **wishes)
    with world.data():
        assert world.user("dora").role == "staff"
        assert lookup.find_by_email("eve@example.com") is None


def test_without_a_link_there_is_nothing_to_choose(world: World) -> None:
    for path in ("/password/choose", "/setup", "/link/" + "A" * 43):
        page = world.visitor().open(path)
        assert page.status == 410, path
        assert page.html.find("a", href="/login"), path


def test_a_link_for_a_password_sets_up_no_administrator(world: World, link: str) -> None:
    eve = world.visitor()
    eve.open(link)
    assert eve.open("/setup").status == 410


def test_the_database_never_knows_the_link(world: World, link: str) -> None:
    token = link.rpartition("/")[2]
    files = world.app.config["SETTINGS"].instance_path.glob("second-gate.sqlite3*")
    assert world.count(OneTimeLink, OneTimeLink.purpose == Purpose.PASSWORD_RESET) == 1
    assert not any(token.encode() in path.read_bytes() for path in files)
