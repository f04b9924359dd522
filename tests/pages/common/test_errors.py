"""Whatever is sent, the answer is a page with a sentence and a status of 4xx, never a 500."""

import itertools
import json

import pytest

from mfa_app.core.common.clock import Clock
from mfa_app.extensions import db
from mfa_app.models import AuthSession
from mfa_app.web.http.monitoring import PATHS
from tests.support.browser import Page
from tests.support.routes import address, rules
from tests.support.site_parts import put
from tests.support.world import PASSWORD, World


def is_told(page: Page) -> bool:
    """Say whether a page has a heading, a sentence and a way on, and tells nothing about the inside."""
    inside = ("Traceback", "sqlalchemy", "werkzeug", "mfa_app", 'File "')
    return len(page.text) > 60 and bool(page.html.find("a")) and not any(word in page.text for word in inside)


NOT_THERE = [
    "/nowhere",
    "/nowhere/",
    "/metrics/",
    "/LOGIN",
    "/admin/people/0x1",
    "/admin/people/-1",
    "/admin/people/99999999999999999999999999",
    "/admin/people/\u0661",
    "/account/devices/1/forget",
    "/account/devices/" + "G" * 32 + "/forget",
    "/link/short",
    "/link/" + "A" * 101,
    "/static/../server.py",
    "/static/%2e%2e/server.py",
    "/.git/config",
    "/\u202e\U0001f600",
    "/" + "x" * 2000,
]


def test_what_is_not_there_is_a_404_with_a_sentence(world: World) -> None:
    for path in NOT_THERE:
        page = world.visitor().open(path)
        assert (page.status, is_told(page)) == (404, True), path


def test_a_slash_at_the_end_leads_to_every_page_without_it(world: World) -> None:
    eve = world.visitor()
    pages = [address(rule) for rule in rules(world.app) if "GET" in rule.methods and rule.rule != "/"]
    pages = [page for page in pages if page not in PATHS]
    led = {page: eve.open(f"{page}/?q=a%20b", follow=False).response for page in pages}
    assert len(led) > 25
    assert {response.status_code for response in led.values()} == {308}
    assert {page: response.headers["Location"] for page, response in led.items()} == {
        page: f"{page}?q=a%20b" for page in pages
    }
    assert eve.open("/login///", method="HEAD", follow=False).response.headers["Location"] == "/login"


def test_a_slash_at_the_end_leads_nowhere_else(world: World) -> None:
    for path in (
        "//evil.example/",
        "///evil.example//",
        "/\\evil.example/",
        "//evil.example/login/",
        "/%0d%0aX:y/",
    ):
        page = world.visitor().open(f"http://localhost{path}", follow=False)
        assert page.status == 404 or page.response.headers["Location"].startswith("/login"), path


def test_a_form_is_not_sent_on_to_the_page_without_the_slash(world: World) -> None:
    visitor = world.visitor()
    visitor.open("/login")
    assert visitor.post("/login/", email="alice@example.com", password=PASSWORD).status == 404


def test_an_unknown_method_is_refused(world: World) -> None:
    methods = ("PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "BREW")
    for method, path in itertools.product(methods, ("/login", "/", "/logout", "/account")):
        page = world.visitor().open(path, method=method)
        assert (page.status, is_told(page)) == (405, True), (method, path)
        assert page.response.headers["Allow"]
    for method in methods:
        assert world.visitor().open("/nowhere", method=method).status == 404, method


def test_a_body_of_more_than_64_kib_is_refused(world: World) -> None:
    visitor = world.visitor()
    visitor.open("/login")
    for path in ("/login", "/password/forgotten", "/nowhere"):
        page = visitor.post(path, email="alice@example.com", password="x" * 64 * 1024)
        assert (page.status, is_told(page)) == (413, True), path


def test_a_thousand_fields_are_refused_or_ignored(world: World) -> None:
    visitor = world.visitor()
    visitor.open("/login")
    page = visitor.post("/login", **{f"field{number}": "x" for number in range(2000)})
    assert page.status in (400, 413)


NONSENSE = [
    "\x00",
    "a\x00b",
    "\ud800",
    "\U0001f600",
    "\u202e",
    "' OR 1=1 --",
    "{{7*7}}",
    "%s%n",
    "<b>x</b>",
    "\r\nX: y",
    "x" * 5000,
]


@pytest.mark.parametrize("path", ["/login", "/password/forgotten"])
def test_nonsense_in_a_public_field_gets_a_sentence(world: World, path: str) -> None:
    visitor = world.visitor()
    visitor.open(path)
    for number, (text, field) in enumerate(itertools.product(NONSENSE, ("email", "password"))):
        body = {"email": f"a{number}@example.com", "password": PASSWORD, field: as_sent(text)}
        page = visitor.copy(f"203.0.113.{number}").post(path, **body)
        assert page.status in (200, 400), (field, text)
        assert len(page.text) > 60


def as_sent(text: str) -> bytes:
    """Return the bytes that a program without manners sends for a text."""
    return text.encode("utf-8", "surrogatepass")


def test_nonsense_in_the_code_gets_a_sentence(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    for text in NONSENSE:
        alice = world.password_given("alice")
        page = alice.post("/login/code", code=as_sent(text), remember=as_sent(text))
        assert page.status in (400, 429)
        assert len(page.text) > 60
        world.clock.advance(hours=2)


def test_fields_sent_twice_or_as_a_list_get_a_sentence(world: World) -> None:
    visitor = world.visitor()
    visitor.open("/login")
    for name in ("email", "password", "csrf_token", "next", "\x00", "code"):
        page = visitor.post("/login", **{name: ["a", "b"], f"{name}[]": "c"})
        assert page.status == 400, name


def test_a_body_of_another_kind_gets_a_sentence(world: World) -> None:
    body = json.dumps({"email": ["a"], "password": {"$ne": 1}})
    forms = ("multipart/form-data", "multipart/form-data; boundary=")
    for kind in ("application/json", "text/plain", *forms, "x", ""):
        page = world.visitor().open("/login", method="POST", data=body, headers={"Content-Type": kind})
        assert (page.status, is_told(page)) == (400, True), kind


BROKEN = ["", "x", "\x01\x02", "e30.x.x", ".eJx.x", "A" * 4000, '"\\303"', "%00", "null", "W10.x"]


def test_a_broken_cookie_is_no_cookie(world: World) -> None:
    """A browser sends all of them at once, each broken in another way, until each has been broken in all."""
    names = ("sid", "form", "known", "device-00000000", "session", "\u00e9")
    for number in range(len(BROKEN)):
        visitor, values = world.visitor(), itertools.islice(itertools.cycle(BROKEN), number, None)
        cookies = "; ".join(f"{name}={value}" for name, value in zip(names, values, strict=False))
        visitor.headers["Cookie"] = cookies.encode().decode("latin1")
        assert visitor.open("/login").status == 200, cookies
        assert visitor.open("/").path == "/login", cookies


def test_flask_logins_own_cookie_is_never_looked_at(world: World) -> None:
    visitor = world.visitor()
    visitor.headers["Cookie"] = "remember_token=1\xff|\xff"
    assert visitor.open("/nowhere").status == 404


def test_fifty_cookies_do_no_harm(world: World) -> None:
    visitor = world.visitor()
    visitor.headers["Cookie"] = "; ".join(f"sid={number}; device-{number:08x}=x" for number in range(50))
    assert visitor.open("/").path == "/login"


def test_a_foreign_host_is_refused(world: World) -> None:
    near = ("127.0.0.1.evil.example", "127.0.0.1@evil.example")
    hosts = ("evil.example", *near, "", "[::1", "a b", "x" * 300)
    for host, path in itertools.product(hosts, ("/login", "/", "/nowhere")):
        page = world.visitor().open(path, headers={"Host": host}, follow=False)
        assert page.status == 400, (host, path)
        assert host == "" or host not in page.response.text


def test_a_foreign_host_is_refused_whoever_asks_and_whatever_else_is_wrong(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    for path in ("/", "/nowhere", "/?next=%00"):
        page = alice.open(path, headers={"Host": "evil.example"}, follow=False)
        assert page.status == 400
        assert "Alice" not in page.text
        assert page.html.find("a", href="/account") is None


def test_a_forwarded_host_is_not_believed(world: World) -> None:
    headers = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
    }
    page = world.visitor().open("/", headers=headers, follow=False)
    assert page.response.headers["Location"] == "/login"
    assert "Strict-Transport-Security" not in page.response.headers


def test_nonsense_in_the_query_gets_a_page(world: World) -> None:
    lists = ("next=a&next=b", "next[]=x", "&&&=")
    for query in ("next=%00", "next=%ff", "%00=1", *lists, "next=" + "x" * 3000, "%zz"):
        assert world.visitor().open(f"/login?{query}").status in (200, 400), query


HEADERS = [
    "User-Agent",
    "Accept-Language",
    "Referer",
    "X-Forwarded-For",
    "Range",
    "If-Modified-Since",
    "Accept",
]


def test_nonsense_in_a_header_does_no_harm(world: World) -> None:
    """A browser sends all of them at once, each with other nonsense, until each has held all of it."""
    world.person("alice")
    nonsense = ["", "\x7f", "\u00ff" * 300, "x" * 3000, "%00", "<script>", "bytes=0-0"]
    for number in range(len(nonsense)):
        visitor, values = world.visitor(), nonsense[number:] + nonsense[:number]
        visitor.headers |= dict(zip(HEADERS, values, strict=True))
        assert world.password_given("alice", visitor).page.path == "/", visitor.headers


def test_without_a_csrf_token_the_answer_says_to_reload(world: World) -> None:
    page = world.visitor().open(
        "/login", method="POST", data={"email": "alice@example.com", "password": PASSWORD}
    )
    assert page.status == 400
    assert "reload" in page.text


def test_the_csrf_token_of_another_browser_does_not_count(world: World) -> None:
    eve, alice = world.visitor(), world.visitor()
    alice.open("/login")
    token = eve.open("/login").value("csrf_token")
    assert alice.open("/login", method="POST", data={"csrf_token": token, "email": "a@b.cc"}).status == 400


def test_the_csrf_token_from_before_the_login_does_not_count_after_it(world: World) -> None:
    world.person("alice")
    alice = world.visitor()
    token = alice.open("/login").value("csrf_token")
    world.password_given("alice", alice)
    assert alice.open("/logout", method="POST", data={"csrf_token": token}).status == 400


def test_a_head_of_a_page_changes_nothing(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    events = world.events()
    for path in ("/", "/account", "/login", "/login/again", "/enrolment", "/password/forgotten"):
        alice.open(path, method="HEAD", follow=False)
    assert world.events() == events


def test_when_the_database_is_gone_the_answer_is_503_and_nobody_is_in(world: World) -> None:
    world.person("alice")
    visitor = world.visitor()
    visitor.open("/login")
    broken(world)
    page = visitor.press("Log in", email="alice@example.com", password=PASSWORD)
    assert page.status == 503
    assert page.response.headers["Retry-After"] == "5"
    assert visitor.cookie("sid") is None


def broken(world: World) -> None:
    """Let the database lose its tables, as a disk does that has been pulled out."""
    with world.app.app_context():
        db.session.execute(db.text("ALTER TABLE auth_session RENAME TO lost"))
        db.session.execute(db.text("ALTER TABLE throttle RENAME TO lost_too"))
        db.session.commit()


def test_an_error_that_nobody_foresaw_is_a_500_that_saves_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    put(world.app, Clock(lambda: None))
    page = alice.open("/")
    put(world.app, Clock(world.clock))
    assert page.status == 500
    assert is_told(page)
    assert world.count(AuthSession) == 1
    (logged,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert logged.exc_info
    assert logged.args[-1] in page.text


def test_a_session_that_cannot_be_looked_up_lets_nobody_in(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    broken(world)
    page = alice.open("/")
    assert page.status == 503
    assert is_told(page)
