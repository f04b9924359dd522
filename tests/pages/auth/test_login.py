"""The first gate: one page, one error text, an address in any spelling, and no way to lock anybody out."""

from unittest import mock

import pytest
from sqlalchemy import update

from mfa_app.core.common.errors import HashingQueueFull
from mfa_app.core.passwords import change, hashing
from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import AuthSession, Throttle, User
from tests.support.browser import Page, Visitor, named
from tests.support.password_slots import no_free_slot
from tests.support.stories import alice_with_an_old_hash
from tests.support.world import PASSWORD, TERMINAL, World

WRONG = "seven loud lanterns by the river"


def attempt(visitor: Visitor, email: str, password: str = PASSWORD) -> Page:
    """Give address and password on the login page, which may be there from the last time."""
    if not (visitor.page and named(visitor.page.html, "password")):
        visitor.open("/login")
    return visitor.press("Log in", email=email, password=password)


def disable(world: World, name: str) -> None:
    with world.data():
        accounts.disable(world.user(name), actor=TERMINAL, now=world.clock())


def test_alice_logs_in_with_her_password_alone_where_nothing_more_is_asked(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    assert alice.page.path == "/"
    assert "Alice" in alice.page.title
    assert world.events("alice")[-2:] == ["password.accepted", "login.completed"]
    assert world.details("login.completed") == {"method": "password"}


def test_alice_is_found_in_any_spelling_of_her_address(world: World) -> None:
    world.person("alice")
    wide = ("\uff41lice@example.com", "alice\uff20example.com")
    for spelling in ("ALICE@EXAMPLE.COM", "  alice@example.com ", "alice@example.com.", *wide):
        assert attempt(world.visitor(), spelling).path == "/", spelling


def test_all_failures_give_the_same_page_to_the_byte(world: World) -> None:
    world.people("alice", "bob", "dora", "eve", "frank")
    disable(world, "bob")
    with world.data():
        world.user("dora").password_hash = None
        world.user("eve").ends_at = world.clock()
        world.user("frank").account_locked_at = world.clock()
    tries = [("alice", WRONG), ("bob", WRONG), ("dora", PASSWORD), ("nobody", PASSWORD)]
    tries += [("eve", WRONG), ("frank", WRONG)]
    pages = [attempt(world.visitor(), f"{name}@example.com", word) for name, word in tries]
    same = {bare(page) for page in pages}
    assert len(same) == 1
    assert {page.status for page in pages} == {400}
    assert "The email address or password is wrong. Check both and try again." in pages[0].text
    assert [page.value("email") for page in pages] == [f"{name}@example.com" for name, _word in tries]
    assert {page.value("password") for page in pages} == {""}


def bare(page: Page) -> bytes:
    """Return the page without what belongs to the visitor: the address as typed, and the CSRF token."""
    body = page.response.data
    for name in ("csrf_token", "email"):
        body = body.replace(page.value(name).encode(), b"")
    return body


def test_the_trail_tells_the_failures_apart(world: World) -> None:
    world.person("alice")
    world.person("bob")
    disable(world, "bob")
    reasons = []
    for email, word in [("alice", WRONG), ("bob", PASSWORD), ("nobody", PASSWORD)]:
        attempt(world.visitor(), f"{email}@example.com", word)
        reasons.append(world.details("password.refused")["reason"])
    assert reasons == ["wrong password", "account disabled", "unknown address"]


def test_what_is_no_address_gets_the_same_sentence(world: World) -> None:
    eve = world.visitor()
    for email in ("alice", "a@", "<b>@example.com", "alice@example.com, bob@example.com", "x" * 320):
        page = attempt(eve, email)
        assert (page.status, "address or password is wrong" in page.text) == (400, True), email


def test_empty_fields_are_asked_for(world: World) -> None:
    page = attempt(world.visitor(), "", "")
    assert page.status == 400
    assert "Enter your email address" in page.text
    assert "Enter your password" in page.text


def test_a_password_is_never_cut_off(world: World) -> None:
    world.person("alice")
    long = "a long walk past the harbour, " * 8
    with world.data():
        world.user("alice").password_hash = change.hash_new(long, "alice@example.com", "Alice")
    assert attempt(world.visitor(), "alice@example.com", long[:-1]).status == 400
    assert attempt(world.visitor(), "alice@example.com", long).path == "/"


def test_a_password_of_more_than_256_characters_is_refused_unhashed(world: World) -> None:
    world.person("alice")
    page = attempt(world.visitor(), "alice@example.com", "x" * 257)
    assert page.status == 400
    assert "256" in page.text
    assert "password.refused" not in world.events()


def test_the_password_is_typed_alike_on_every_system(world: World) -> None:
    with world.data():
        profile = Profile("zoe@example.com", "Zoe")
        word = "caf\u00e9 cr\u00e8me br\u00fbl\u00e9e at noon"
        accounts.create(profile, groups=[], password=word, actor=TERMINAL, now=world.clock())
    assert (
        attempt(world.visitor(), "zoe@example.com", "cafe\u0301 cre\u0300me bru\u0302le\u0301e at noon").path
        == "/"
    )


def test_after_five_wrong_passwords_a_stranger_waits(world: World) -> None:
    world.person("alice")
    eve = world.visitor()
    assert [attempt(eve, "alice@example.com", WRONG).status for _ in range(6)] == [400] * 5 + [429]
    assert eve.page.response.headers["Retry-After"] == "5"
    assert "in 5 seconds" in eve.page.text
    world.clock.advance(seconds=5)
    assert [attempt(eve, "alice@example.com", WRONG).status for _ in range(2)] == [400, 429]
    assert eve.page.response.headers["Retry-After"] == "10"


def test_while_a_stranger_waits_even_the_right_password_is_not_looked_at(world: World) -> None:
    world.person("alice")
    eve = world.visitor()
    for _ in range(5):
        attempt(eve, "alice@example.com", WRONG)
    assert attempt(world.visitor(address="198.51.100.7"), "alice@example.com").status == 429
    assert "password.accepted" not in world.events("alice")


def test_all_spellings_of_an_address_share_one_counter(world: World) -> None:
    world.person("alice")
    eve = world.visitor()
    spellings = [
        "alice@example.com",
        "Alice@Example.com",
        "alice@example.com.",
        " alice@EXAMPLE.COM",
        "\uff41lice@example.com",
    ]
    for spelling in spellings:
        assert attempt(eve, spelling, WRONG).status == 400
    assert attempt(eve, "ALICE@example.com", WRONG).status == 429


def test_an_unknown_address_is_counted_like_a_known_one(world: World) -> None:
    world.person("alice")
    statuses = {}
    for name in ("alice", "nobody"):
        eve = world.visitor(address="198.51.100.7")
        pages = [attempt(eve, f"{name}@example.com", WRONG) for _ in range(7)]
        statuses[name] = [(page.status, page.response.headers.get("Retry-After")) for page in pages]
    assert statuses["alice"] == statuses["nobody"]


def test_a_spoofed_forwarding_header_changes_no_counter(world: World) -> None:
    eve = world.visitor()
    headers = ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "X-Client-IP"]
    for number in range(30):
        eve.headers = {header: f"203.0.113.{number}" for header in headers}
        attempt(eve, f"nobody{number}@example.com")
    assert attempt(eve, "somebody@example.com").status == 429


def test_one_network_has_thirty_failures_in_ten_minutes(world: World) -> None:
    world.person("alice")
    eve = world.visitor()
    eve.open("/login")
    for number in range(30):
        neighbour = eve.copy(f"2001:db8::{number:x}")
        assert attempt(neighbour, f"nobody{number}@example.com").status == 400
    assert attempt(world.visitor(address="2001:db8::ffff"), "alice@example.com").status == 429
    assert attempt(world.visitor(address="2001:db8:0:1::1"), "alice@example.com").path == "/"
    world.clock.advance(minutes=10)
    assert attempt(world.visitor(address="2001:db8::ffff"), "alice@example.com").path == "/"


def test_an_office_behind_one_address_is_not_counted_for_its_good_logins(world: World) -> None:
    world.person("alice")
    attempt(world.visitor(), "nobody@example.com")
    with world.data():
        db.session.execute(update(Throttle).where(Throttle.key.like("address:%")).values(failures=29))
    for _ in range(3):
        assert attempt(world.visitor(), "alice@example.com").path == "/"


def test_after_a_hundred_wrong_passwords_only_a_mailed_link_helps_strangers(world: World) -> None:
    world.person("alice")
    eve = world.visitor()
    attempt(eve, "alice@example.com", WRONG)
    with world.data():
        db.session.execute(update(Throttle).where(Throttle.key.like("password:%")).values(failures=99))
    assert attempt(eve, "alice@example.com", WRONG).status == 400
    assert world.events("alice")[-2:] == ["password.refused", "password.closed"]
    assert world.details("password.closed") == {"to": "unknown browsers", "failures": 100}
    world.clock.advance(days=30)
    page = attempt(world.visitor(), "alice@example.com")
    assert "Forgot your password" in page.text
    assert page.path == "/login"


def test_a_good_login_of_eve_clears_nothing_of_alices_counter(world: World) -> None:
    world.person("alice")
    world.person("eve")
    eve = world.visitor()
    for _ in range(4):
        attempt(eve, "alice@example.com", WRONG)
    world.password_given("eve", eve)
    eve.press("Log out")
    assert [attempt(eve, "alice@example.com", WRONG).status for _ in range(2)] == [400, 429]


def test_the_answer_to_the_password_brings_a_new_token(world: World) -> None:
    world.person("alice")
    planted = world.visitor()
    planted.client.set_cookie("sid", "A" * 43)
    before = planted.cookie("form")
    world.password_given("alice", planted)
    assert planted.cookie("sid") not in (None, "A" * 43)
    assert planted.cookie("form") != before


def test_the_login_page_leads_whoever_is_in_to_the_start_page(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    assert alice.open("/login").path == "/"


def test_a_new_login_in_one_browser_ends_the_session_before(world: World) -> None:
    world.group("Finance", required=True)
    world.person("bob", groups_=("Finance",))
    world.person("alice")
    world.link_and_wait("bob").press("Log out")
    browser = world.password_given("bob")
    world.password_given("alice", browser)
    assert "Alice" in browser.page.title
    assert world.count(AuthSession) == 1


def test_fields_tell_password_managers_what_they_are(world: World) -> None:
    page = world.visitor().open("/login")
    assert page.html.find(attrs={"name": "email"})["autocomplete"] == "username"
    assert page.html.find(attrs={"name": "password"})["autocomplete"] == "current-password"


def test_a_password_of_ten_years_ago_is_as_good_as_one_of_today(world: World) -> None:
    world.person("alice")
    world.clock.advance(days=3653)
    assert world.password_given("alice").page.path == "/"


def test_a_login_that_nobody_could_look_at_counts_for_nothing(world: World) -> None:
    world.person("alice")
    eve = world.visitor()
    for _ in range(4):
        attempt(eve, "alice@example.com", WRONG)
    with no_free_slot():
        assert [attempt(eve, "alice@example.com", WRONG).status for _ in range(3)] == [503] * 3
    assert world.count(Throttle, Throttle.failures == 4) == 2  # her network's and the account's
    assert [attempt(eve, "alice@example.com", WRONG).status for _ in range(2)] == [400, 429]


def test_when_no_slot_is_free_an_old_hash_is_renewed_another_time(world: World) -> None:
    cheap = alice_with_an_old_hash(world)
    with mock.patch.object(hashing, "hash_password", side_effect=HashingQueueFull):
        assert world.password_given("alice").page.path == "/"
    assert world.count(User, User.password_hash == cheap) == 1


@pytest.mark.usefixtures("true_hashes")
def test_an_old_hash_is_renewed_at_the_next_login(world: World) -> None:
    alice_with_an_old_hash(world)
    world.password_given("alice")
    with world.data():
        assert world.user("alice").password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
