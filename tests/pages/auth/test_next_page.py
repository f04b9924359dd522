"""`next` leads to a page of this site and never anywhere else."""

from urllib.parse import quote, urlsplit

import pytest

from tests.support.world import PASSWORD, World

ELSEWHERE = [
    "//e.com",
    "///e.com",
    "////e.com",
    "/\\e.com",
    "\\\\e.com",
    "\\/e.com",
    "/%09/e.com",
    "/\t/e.com",
    "/\n/e.com",
    "\t//e.com",
    " //e.com",
    "https:e.com",
    "https:///e.com",
    "https://e.com",
    "HTTPS://e.com",
    "http://127.0.0.1@e.com",
    "http://127.0.0.1:8000@e.com/",
    "http://127.0.0.1.e.com/",
    "http://localhost/account",
    "javascript:alert(1)",
    "data:text/html,x",
    "/x\r\nSet-Cookie:a=b",
    "/x%0d%0aSet-Cookie:a=b",
    "/login?next=//e.com",
    "/..//e.com",
    "/.//e.com",
    "/account//e.com",
    "//e.com/account",
    "/%2f/e.com",
    "/%5ce.com",
    "\u2044\u2044e.com",
    "/\u2028/e.com",
    "/nowhere",
    "account",
    "?next=x",
    "#x",
    "//[",
    "http://[::1",
    "x" * 3000,
]


def test_next_never_leads_elsewhere(world: World) -> None:
    world.person("alice")
    led = {}
    for target in ELSEWHERE:
        alice = world.visitor()
        alice.open(f"/login?next={quote(target)}")
        page = alice.press("Log in", email="alice@example.com", password=PASSWORD, follow=False)
        led[target] = page.response.headers["Location"]
        assert len(page.response.headers.getlist("Set-Cookie")) == 3
    assert set(led.values()) == {"/", "/login?next=%2F%2Fe.com"}, led
    assert led["/login?next=//e.com"] == "/login?next=%2F%2Fe.com"


def test_a_code_and_a_new_app_lead_nowhere_else_either(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.person("bob", groups_=("Finance",))
    for target in ("//e.com", "////e.com", "/\\e.com", "https://e.com", "/\t/e.com"):
        alice = world.password_given("alice")
        fields = {"code": world.phones["alice"].code(), "next": target}
        page = alice.post(f"/login/code?next={quote(target)}", **fields)
        assert page.response.headers["Location"] == "/"
        world.clock.advance(seconds=30)
    bob = world.password_given("bob")
    fields = {"code": world.phone_that_scans(bob.page).code(), "next": "//e.com"}
    linked = bob.post("/enrolment?next=//e.com", **fields)
    assert linked.response.headers["Location"] == "/account/recovery-codes?next=/"


def test_next_with_a_nul_is_refused(world: World) -> None:
    assert world.visitor().open("/login?next=/%00").status == 400


@pytest.mark.parametrize("target", ["/account", "/account/password", "/account?x=1&y=a%20b"])
def test_next_leads_back_to_a_page_of_this_site(world: World, target: str) -> None:
    world.person("alice")
    alice = world.visitor()
    alice.open(f"/login?next={quote(target)}")
    page = alice.press("Log in", email="alice@example.com", password=PASSWORD, follow=False)
    assert page.response.headers["Location"] == target


def test_a_page_asked_for_before_the_login_comes_after_both_gates(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.visitor()
    alice.open("/account/password")
    assert alice.page.path == "/login"
    alice.press("Log in", email="alice@example.com", password=PASSWORD)
    assert alice.page.path == "/login/code"
    alice.press("Log in", code=world.phones["alice"].code())
    assert alice.page.path == "/account/password"


def test_it_survives_a_wrong_password_and_a_wrong_code(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.visitor()
    alice.open("/account")
    alice.press("Log in", email="alice@example.com", password="not the right one at all")
    alice.press("Log in", email="alice@example.com", password=PASSWORD)
    alice.press("Log in", code=world.phones["alice"].wrong_code())
    alice.press("Log in", code=world.phones["alice"].code())
    assert alice.page.path == "/account"


def test_it_comes_after_linking_too(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    alice = world.visitor()
    alice.open("/account/password")
    alice.press("Log in", email="alice@example.com", password=PASSWORD)
    assert alice.page.path == "/enrolment"
    alice.press("Enable", code=world.phone_that_scans(alice.page).code())
    assert alice.follow("Not now").path == "/account/password"


def test_whoever_is_in_already_is_led_on_by_next(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    assert alice.open("/login?next=/account").path == "/account"
    assert alice.open("/login?next=//e.com").path == "/"


def test_a_file_sent_with_a_referer_that_is_no_address_leads_to_the_login(world: World) -> None:
    client = world.visitor().client
    answer = client.post("/admin/people/import", headers={"Referer": "http://["})
    assert (answer.status_code, answer.location) == (302, "/login")


def test_a_form_posted_from_elsewhere_leaves_no_next(world: World) -> None:
    eve = world.visitor()
    token = eve.open("/login").value("csrf_token")
    page = eve.open(
        "/account/password",
        method="POST",
        data={"csrf_token": token},
        headers={"Referer": "https://evil.example/account"},
        follow=False,
    )
    assert page.response.headers["Location"] == "/login"


@pytest.mark.parametrize("path", ["//e.com", "///e.com/account", "//e.com/%2f..", "/\\e.com"])
def test_no_address_of_our_own_redirects_elsewhere(world: World, path: str) -> None:
    page = world.visitor().open("/", environ_overrides={"PATH_INFO": path, "REQUEST_URI": path}, follow=False)
    target = urlsplit(page.response.headers.get("Location", "/"))
    assert target.hostname in (None, "localhost")
    assert not page.response.headers.get("Location", "/").startswith(("//", "/\\"))
