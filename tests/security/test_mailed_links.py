"""G. Mailed links: eve wants one that leads to her, works twice, or tells her who has an account."""

import statistics
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from mfa_app.core.groups import groups
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.delivery import MailDelivery, deliver_due
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.mail.outbox import MailObservers
from mfa_app.core.passwords import change, reset_requests
from mfa_app.core.passwords.reset_requests import ResetObservers
from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.core.users.lookup import find_by_email
from mfa_app.extensions import db
from mfa_app.models import Authenticator, AuthSession, OneTimeLink, OutboxMail, ResetRequest, Throttle
from tests.support.browser import Page, Visitor
from tests.support.changes import change_role, disable_and_enable, end_access, reset
from tests.support.requests import FORM, form
from tests.support.served_site import at_once
from tests.support.site_parts import part_of, put
from tests.support.statements import statements
from tests.support.world import PASSWORD, TERMINAL, WRONG, World

NEW = "quiet harbour under a green dawn"


def token_for(world: World, name: str, purpose: Purpose = Purpose.PASSWORD_RESET) -> str:
    with world.data():
        return one_time_links.create(purpose, world.user(name), now=world.clock())


def choose(world: World, token: str, password: str = NEW) -> Page:
    """Follow a link and choose a password; return where that ends."""
    visitor = world.visitor()
    if visitor.open(f"/link/{token}").status == 200:
        visitor.press("Save password", password=password)
    return visitor.page


def strangers_ask(world: World, times: int) -> None:
    """Let strangers of many networks ask for links for alice."""
    eve = world.visitor()
    eve.open("/password/forgotten")
    for number in range(times):
        ask(eve.copy(f"203.0.113.{number}"), "alice@example.com")


def alice_whose_mails_are_used_up(world: World) -> None:
    """Make alice, and let strangers ask for more links than she gets."""
    world.person("alice")
    strangers_ask(world, 5)


def ask(visitor: Visitor, email: str, **headers: str) -> Page:
    if visitor.page is None or not visitor.page.csrf_token:
        visitor.open("/password/forgotten")
    token = visitor.page.value("csrf_token")
    data = {"csrf_token": token, "email": email}
    return visitor.open("/password/forgotten", method="POST", data=data, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Port": "444", "X-Forwarded-Prefix": "/evil.example"},
        {"Forwarded": "for=1;host=evil.example;proto=https"},
        {
            "X-Original-URL": "https://evil.example/",
            "X-Rewrite-URL": "//evil.example",
            "X-Host": "evil.example",
        },
    ],
)
def test_the_mail_leads_to_the_configured_address_whatever_eve_says(world: World, headers: dict) -> None:
    """Attack 60."""
    world.person("alice")
    assert ask(world.visitor(), "alice@example.com", **headers).status == 200
    assert "evil" not in world.last_mail()
    assert "http://127.0.0.1:8000/link/" in world.last_mail()


@pytest.mark.parametrize(
    ("line", "hosts", "status"),
    [
        ("/password/forgotten", ["evil.example"], 400),
        ("/password/forgotten", ["127.0.0.1", "evil.example"], 400),
        ("/password/forgotten", ["evil.example", "127.0.0.1"], 400),
        ("http://evil.example/password/forgotten", ["127.0.0.1"], 200),
        ("http://127.0.0.1/password/forgotten", ["evil.example"], 400),
        ("/password/forgotten", ["127.0.0.1:evil.example"], 400),
        ("/password/forgotten", ["127.0.0.1 evil.example"], 400),
    ],
)
def test_a_foreign_host_gets_no_mail_sent_and_no_link_of_its_own(
    direct_world: World, line: str, hosts: list[str], status: int
) -> None:
    """Attack 60, over a socket: two Host lines, and a whole address in the request line."""
    name = direct_world.newcomer()
    browser = direct_world.visitor(address="127.0.3.1")
    token = browser.open("/password/forgotten").value("csrf_token")
    body = form(csrf_token=token, email=f"{name}@example.com").decode()
    head = "".join(f"Host: {host}\r\n" for host in hosts)
    head += (
        f"Cookie: {browser.cookie_line('form')}\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n"
    )
    answer = direct_world.site.raw(f"POST {line} HTTP/1.1\r\n{head}Connection: close\r\n\r\n{body}")
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"evil" not in answer
    assert len(direct_world.mails(name)) == (1 if status == 200 else 0)
    assert (status == 200) == ("password.reset_requested" in direct_world.events(name))


def change_password(world: World) -> None:
    change.set_from_terminal(world.user("alice"), NEW + " too", actor=TERMINAL, now=world.clock())


def change_address(world: World) -> None:
    profile = Profile("alicia@example.com", "Alice")
    accounts.edit(world.user("alice"), profile, actor=TERMINAL, now=world.clock())


def raise_the_stamp(world: World) -> None:
    world.user("alice").security_stamp += 1


@pytest.mark.parametrize("purpose", [Purpose.PASSWORD_RESET, Purpose.INVITATION])
@pytest.mark.parametrize(
    "change",
    [change_password, change_address, change_role, disable_and_enable, reset, end_access, raise_the_stamp],
)
def test_a_link_ends_with_whatever_it_was_born_under(
    world: World, change: Callable[[World], None], purpose: Purpose
) -> None:
    """Attacks 61 and 67."""
    world.person("alice")
    token = token_for(world, "alice", purpose)
    with world.data():
        change(world)
    assert choose(world, token).status == 410


@pytest.mark.parametrize("back", [{"hours": 2}, {"days": 1}, {"days": 400}])
def test_a_clock_set_back_makes_no_old_link_good_again(world: World, back: dict[str, int]) -> None:
    """Attacks 61 and 92: eve keeps a mail of last year, and the clock loses its battery."""
    world.person("alice")
    tokens = [token_for(world, "alice", purpose) for purpose in (Purpose.PASSWORD_RESET, Purpose.INVITATION)]
    world.clock.moment -= type(world.clock.moment - world.clock.moment)(**back)
    assert [choose(world, token).status for token in tokens] == [410, 410]


def test_the_link_of_a_mail_is_no_other_secret_of_the_site(world: World) -> None:
    """Requirement 59: neither digest nor id of a link, and no token of a session or another purpose."""
    world.person("alice")
    alice = world.password_given("alice")
    token_for(world, "alice")
    set_up = token_for(world, "alice", Purpose.SETUP)
    with world.data():
        row = db.session.scalars(
            select(OneTimeLink).where(OneTimeLink.purpose == Purpose.PASSWORD_RESET)
        ).one()
        session = db.session.scalars(select(AuthSession.digest)).one()
    for token in (row.digest, row.id, alice.cookie("sid"), session, "A" * 43, "_" * 100):
        assert world.visitor().open(f"/link/{token}").status == 410
    eve = world.visitor()
    eve.open(f"/link/{set_up}")
    assert eve.open("/password/choose").status == 410


def test_a_reset_leaves_the_second_gate_shut_and_the_app_linked(world: World) -> None:
    """Attack 63: the link logs nobody in, ends all access and spares no code."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    remembered = world.log_in_and_wait("alice", remember=True)
    page = choose(world, token_for(world, "alice"))
    assert page.path == "/login"
    assert world.count(AuthSession) == 0
    assert world.count(Authenticator) == 1
    assert remembered.open("/").path == "/login"
    remembered.press("Log in", email="alice@example.com", password=NEW)
    assert remembered.page.path == "/login/code"


def test_whoever_follows_anothers_link_while_logged_in_stays_the_one_she_is(world: World) -> None:
    """Attack 63: eve sends alice a link for eve's account; alice's session is not touched."""
    world.people("alice", "eve")
    with world.data():
        before = world.user("alice").password_hash
    alice = world.password_given("alice")
    alice.open(f"/link/{token_for(world, 'eve')}")
    assert "eve@example.com" in alice.page.response.text
    assert "Alice" in alice.open("/").title
    with world.data():
        assert world.user("alice").password_hash == before


def test_mail_to_one_person_is_capped_however_the_address_is_spelt(world: World) -> None:
    """Attack 65: three an hour, and nobody can tell."""
    world.person("alice")
    spellings = ["alice@example.com", "ALICE@example.com", " alice@EXAMPLE.com", "alice@example.com."]
    spellings += ["\uff41lice@example.com", "Alice@Example.Com"]
    pages = [ask(world.visitor(address=f"203.0.113.{n}"), text) for n, text in enumerate(spellings)]
    assert len({page.response.data for page in pages}) == 1
    assert world.mails("alice") == ["password_reset"] * 3


def test_other_mailboxes_of_alice_get_nothing(world: World) -> None:
    """Attack 65: plus variants and lists of addresses are other addresses."""
    world.person("alice")
    eve = world.visitor()
    for text in (
        "alice+1@example.com",
        "alice@example.com,eve@evil.example",
        "alice@example.com\neve@evil.example",
    ):
        ask(eve, text)
    assert world.count(OutboxMail) == 0


def test_eve_who_asks_again_and_again_ends_no_link_that_alice_has(world: World) -> None:
    """Attack 65: each link that was mailed works until one is used; then all of them are over."""
    world.person("alice")
    ask(world.visitor(), "alice@example.com")
    first = world.link_in_last_mail().rpartition("/")[2]
    strangers_ask(world, 6)
    last = world.link_in_last_mail().rpartition("/")[2]
    assert choose(world, first).path == "/login"
    assert choose(world, last).status == 410
    assert world.count(OneTimeLink, OneTimeLink.purpose == Purpose.PASSWORD_RESET) == 0


def test_eve_uses_up_no_mail_of_alices_own_browser(world: World) -> None:
    """Attack 65: the mails that strangers ask for are counted apart."""
    world.person("alice")
    alice = world.password_given("alice")
    alice.press("Log out")
    strangers_ask(world, 5)
    assert world.mails("alice") == ["password_reset"] * 3
    for _ in range(5):
        ask(alice, "alice@example.com")
    assert world.mails("alice") == ["password_reset"] * 6


@pytest.mark.parametrize("change", [change_role, disable_and_enable, reset, end_access])
def test_after_a_revocation_alice_gets_a_mail_whatever_eve_has_used_up(
    world: World, change: Callable[[World], None]
) -> None:
    """Attack 65: the revocation ended her links, and the page tells her to ask for another."""
    world.after(alice_whose_mails_are_used_up)
    with world.data():
        change(world)
    before = world.mails("alice").count("password_reset")
    ask(world.visitor(), "alice@example.com")
    assert world.mails("alice").count("password_reset") == before + 1


def test_all_who_may_not_log_in_look_alike_to_whoever_asks(world: World) -> None:
    """Attack 64: status, headers and body, for known, unknown, disabled, invited and closed accounts."""
    world.people("alice", "bob")
    world.person("dora", password=None)
    with world.data():
        accounts.disable(world.user("bob"), actor=TERMINAL, now=world.clock())
    answers = set()
    for name in ("alice", "bob", "dora", "nobody"):
        page = ask(world.visitor(), f"{name}@example.com")
        heads = {key: value for key, value in page.response.headers if key not in ("Set-Cookie", "Date")}
        answers.add((page.status, str(heads), page.response.data))
    assert len(answers) == 1


@pytest.mark.inside
def test_a_request_costs_the_same_statements_whoever_has_an_account(world: World) -> None:
    """Attack 64: nothing is looked up, written or composed for the sake of a user before a job does it."""
    put(world.app, ResetObservers())  # as where a thread runs the jobs
    world.people("alice", "bob")
    world.person("dora", password=None)
    with world.data():
        accounts.disable(world.user("bob"), actor=TERMINAL, now=world.clock())
    events, made = world.events(), set()
    for number, name in enumerate(("alice", "bob", "dora", "nobody", "eve")):
        browser = world.visitor(address=f"203.0.113.{number}")
        with statements(world) as sent:
            ask(browser, f"{name}@example.com")
        made.add(tuple(sent))
    assert len(made) == 1
    assert not any("user_account" in statement for statement in made.pop())
    assert (world.count(ResetRequest), world.count(OutboxMail), world.count(OneTimeLink)) == (5, 0, 0)
    assert world.events() == events


@pytest.mark.inside
def test_a_job_composes_a_mail_for_each_request_and_keeps_those_of_users(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attacks 64 and 65: strangers of many networks make up addresses; neither trail nor counters grow."""
    put(world.app, ResetObservers(), MailObservers())
    world.person("alice")
    names = ("alice", *(f"nobody{number}" for number in range(5)))
    for number, name in enumerate(names):
        ask(world.visitor(address=f"203.0.113.{number}"), f"{name}@example.com")
    events, counted, composed = world.events(), world.count(Throttle), []
    delivery = part_of(world.app, MailDelivery)
    compose = lambda mail: composed.append(mail.to) or delivery.compose(mail)  # noqa: E731
    put(world.app, MailDelivery(delivery.settings, compose))
    with world.data():
        assert reset_requests.answer_requests(now=world.clock()) == 1
        deliver_due()
    assert sorted(composed) == ["alice@example.com", *[reset_requests.NOBODY] * 5]
    assert world.events() == [*events, "password.reset_requested"]
    assert world.count(Throttle) == counted + 1
    assert world.count(ResetRequest) == 0


@pytest.mark.inside
@pytest.mark.usefixtures("true_hashes")
def test_known_and_unknown_addresses_take_about_as_long(world: World) -> None:
    """Attack 64: medians of three tries each; only a hash left out (a factor of ten) would show."""
    world.person("alice")
    world.person("dora", password=None)
    medians = []
    for name in ("alice", "dora", "nobody"):
        times = []
        for number in range(3):
            visitor = world.visitor(address=f"2001:db8:{number}::{len(name)}")
            visitor.open("/login")
            with world.data():
                db.session.execute(update(Throttle).values(failures=0))
            began = time.process_time()
            visitor.press("Log in", email=f"{name}@example.com", password=WRONG)
            times.append(time.process_time() - began)
        medians.append(statistics.median(times))
    assert max(medians) < 3 * min(medians)


def test_an_invitation_makes_one_account_of_the_role_that_was_meant(world: World) -> None:
    """Attack 67: twice, for another address, with a role and groups of eve's wishes."""
    world.group("Finance", required=True)
    world.person("dora", password=None)
    token = token_for(world, "dora", Purpose.INVITATION)
    dora = world.visitor()
    dora.open(f"/link/{token}")
    wishes = {"email": "eve@example.com", "role": "admin", "groups": "1", "required": "", "name": "Eve"}
    assert dora.post("/password/choose", password=NEW, link=dora.page.value("link"), **wishes).status == 302
    assert choose(world, token).status == 410
    with world.data():
        user = world.user("dora")
        assert (user.name, user.role, find_by_email("eve@example.com")) == ("Dora", "staff", None)
        assert groups.find("Finance") is not None


def test_an_invitation_taken_back_by_a_newer_one_opens_nothing(world: World) -> None:
    """Attack 67."""
    world.person("dora", password=None)
    old = token_for(world, "dora", Purpose.INVITATION)
    token_for(world, "dora", Purpose.INVITATION)
    assert choose(world, old).status == 410


def test_an_invitation_outlives_the_group_that_it_came_with(world: World) -> None:
    """Attack 67: the group is deleted before dora chooses her password."""
    world.group("Finance", required=True)
    world.person("dora", groups_=("Finance",), password=None)
    token = token_for(world, "dora", Purpose.INVITATION)
    with world.data():
        groups.remove(groups.find("Finance"), actor=TERMINAL)
    assert choose(world, token).status == 200
    dora = world.visitor()
    dora.open("/login")
    assert dora.press("Log in", email="dora@example.com", password=NEW).path == "/"
    assert "Finance" not in dora.open("/account").text


def test_of_twenty_who_accept_one_invitation_at_once_one_succeeds(direct_world: World) -> None:
    """Attacks 61 and 67: one change of the password, and the others are told that the link is used."""
    name = direct_world.newcomer(password=None)
    token = token_for(direct_world, name, Purpose.INVITATION)
    first = direct_world.visitor()
    assert first.open(f"/link/{token}").path == "/password/choose"
    browsers = [first.copy() for _ in range(20)]
    words = [f"{NEW} {number}" for number in range(20)]
    posts = [
        lambda b=b, word=word: b.submit("/password/choose", password=word)
        for b, word in zip(browsers, words, strict=True)
    ]
    answers = at_once(*posts)
    assert [answer.status for answer in answers].count(200) == 1
    assert {answer.status for answer in answers} <= {200, 410, 503}  # 503: no slot to hash in
    assert direct_world.events(name).count("password.changed") == 1


def test_looking_at_a_link_uses_nothing_up_and_logs_nothing(direct_world: World) -> None:
    """Attacks 52 of requirements and 61: mail scanners follow links; the server's log does not keep them."""
    name = direct_world.newcomer()
    token = token_for(direct_world, name)
    for method in ("HEAD", "GET", "OPTIONS"):
        direct_world.site.raw(
            f"{method} /link/{token} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        )
    browser = direct_world.visitor()
    assert browser.open(f"/link/{token}").path == "/password/choose"
    browser.submit("/password/choose", password=NEW)
    assert direct_world.visitor().give_password(f"{name}@example.com", NEW).path == "/"
    assert not [value for value in (token, NEW, PASSWORD) if value in direct_world.site.log]
