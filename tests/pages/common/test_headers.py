"""Every answer carries the headers that shut out frames, scripts and caches; cookies stay with this host."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.datastructures import Headers

from mfa_app.extensions import db
from tests.support.browser import Page, Visitor
from tests.support.clock import FakeClock
from tests.support.stories import carol_at_work
from tests.support.world import PASSWORD, World


@pytest.fixture
def secure(app_under: Callable[..., Flask], clock: FakeClock, begun: Callable[[World], World]) -> World:
    """The site as it stands behind TLS."""
    app = app_under(MFA_PUBLIC_URL="https://login.example.com")
    return begun(World(app, clock, base_url="https://login.example.com"))


ANSWERS = ["/login", "/", "/nowhere", "/logout", "/login/help", "/static/site.css", "/link/" + "A" * 43]


def headers_of(world: World, path: str) -> Headers:
    """Return the headers of the answer to a stranger."""
    response = world.visitor().open(path, follow=False).response
    response.close()
    return response.headers


def test_every_answer_shuts_out_frames_and_foreign_scripts(world: World) -> None:
    for path in ANSWERS:
        headers = headers_of(world, path)
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        shut = {policy[name] for name in ("default-src", "object-src", "base-uri", "frame-ancestors")}
        assert shut == {"'none'"}, path
        assert {policy[name] for name in ("script-src", "style-src", "form-action")} == {"'self'"}, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["Cross-Origin-Opener-Policy"] == headers["Referrer-Policy"] == "same-origin", path
        assert not [name for name, _value in headers if name.lower().startswith("access-control-")], path
        if headers["Content-Type"].startswith("text/"):
            assert headers["Content-Type"].endswith("; charset=utf-8"), path


def test_no_page_is_kept_in_any_cache(world: World) -> None:
    for path in (path for path in ANSWERS if "static" not in path):
        headers = headers_of(world, path)
        assert (headers["Cache-Control"], "Cookie" in headers["Vary"]) == ("no-store", True), path


def test_what_browsers_ask_for_by_themselves_takes_no_message_and_is_not_kept(world: World) -> None:
    carol = world.after(carol_at_work)
    carol.open("/admin/groups/new")
    carol.press("Create the group", follow=False, name="Finance")
    files = ("/static/nothing.css", "/static/", "/bootstrap/static/nothing")
    for path in (*files, "/favicon.ico", "/apple-touch-icon.png"):
        missing = carol.open(path, follow=False)
        assert (missing.status, missing.response.headers["Cache-Control"]) == (404, "no-store"), path
        assert "Finance" not in missing.response.text, path
    assert "Group Finance created" in carol.open("/admin/groups/1").text


def test_an_error_of_the_server_carries_the_headers_too(world: World) -> None:
    with world.app.app_context():
        db.session.execute(db.text("ALTER TABLE auth_session RENAME TO lost"))
        db.session.commit()
    visitor = world.visitor()
    visitor.client.set_cookie("sid", "A" * 43)
    page = visitor.open("/")
    assert page.status == 503
    assert page.response.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.response.headers["Content-Security-Policy"]


def test_a_page_with_a_wrong_host_carries_the_headers_too(world: World) -> None:
    page = world.visitor().open("/", headers={"Host": "evil.example"})
    assert "frame-ancestors 'none'" in page.response.headers["Content-Security-Policy"]


def cookies_set(visitor: Visitor, path: str, **data: str) -> dict[str, str]:
    """Return the attributes of the cookies that an answer sets, by name."""
    page = visitor.post(path, **data)
    lines = page.response.headers.getlist("Set-Cookie")
    return {line.partition("=")[0]: line.partition(";")[2] for line in lines}


def test_over_http_on_this_machine_cookies_are_for_the_server_and_the_site_alone(world: World) -> None:
    world.person("alice")
    alice = world.visitor()
    alice.open("/login")
    cookies = cookies_set(alice, "/login", email="alice@example.com", password=PASSWORD)
    assert set(cookies) >= {"sid", "known"}
    for attributes in cookies.values():
        assert "HttpOnly" in attributes
        assert "SameSite" in attributes
        assert "Path=/" in attributes
        assert "Domain" not in attributes
    assert "SameSite=Lax" in cookies["sid"]
    assert "Max-Age" not in cookies["sid"]
    assert "SameSite=Strict" in cookies["known"]


def test_behind_tls_every_cookie_is_tied_to_the_host_and_to_tls(secure: World) -> None:
    secure.group("Finance", required=True)
    secure.linked_earlier("alice", groups_=("Finance",))
    alice = secure.password_given("alice")
    cookies = cookies_set(alice, "/login/code", code=secure.phones["alice"].code(), remember="y")
    assert len(cookies) >= 3
    for name, attributes in cookies.items():
        assert name.startswith("__Host-")
        assert "; Secure" in f";{attributes}"
        assert "Path=/" in attributes and "Domain" not in attributes
        assert "HttpOnly" in attributes
    (device,) = [attributes for name, attributes in cookies.items() if name.startswith("__Host-device-")]
    assert "SameSite=Strict" in device
    assert "Max-Age=2592000" in device


def test_behind_tls_every_answer_tells_browsers_to_come_back_over_tls(secure: World) -> None:
    told = {path: headers_of(secure, path)["Strict-Transport-Security"] for path in ANSWERS}
    assert told == dict.fromkeys(ANSWERS, "max-age=31536000")


def test_subdomains_are_bound_to_tls_only_on_wish(app_under: Callable[..., Flask], clock: FakeClock) -> None:
    app = app_under(MFA_PUBLIC_URL="https://login.example.com", MFA_HSTS_SUBDOMAINS="yes")
    visitor = World(app, clock, base_url="https://login.example.com").visitor()
    headers = visitor.open("/login").response.headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_behind_tls_a_page_with_a_wrong_host_tells_it_too(secure: World) -> None:
    headers = secure.visitor().open("/login", headers={"Host": "evil.example"}).response.headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


HERE = "https://login.example.com"


def logged_in_with(secure: World, *sent: dict[str, str]) -> list[Page]:
    """Let alice send the login form with each of these, and without a Referer unless they hold one."""
    secure.person("alice")
    alice, pages = secure.visitor(), []
    token = alice.open("/login").value("csrf_token")
    data = {"csrf_token": token, "email": "alice@example.com", "password": PASSWORD}
    for headers in sent:
        browser = alice.copy()
        browser.headers.pop("Referer")
        pages.append(browser.open("/login", method="POST", data=data, headers=headers, follow=False))
    return pages


def test_behind_tls_one_header_that_names_this_site_is_enough(secure: World) -> None:
    pages = logged_in_with(
        secure,
        {"Referer": f"{HERE}/login"},
        {"Origin": HERE},
        {"Origin": f"{HERE}:443"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Referer": f"{HERE}/login"},
        {"Origin": HERE, "Sec-Fetch-Site": "same-origin", "Referer": f"{HERE}/"},
    )
    assert [(page.status, page.response.location) for page in pages] == [(302, "/")] * 7


def test_behind_tls_a_form_from_elsewhere_is_refused(secure: World) -> None:
    pages = logged_in_with(
        secure,
        {"Referer": "https://evil.example/"},
        {"Referer": f"{HERE}.evil.example/"},
        {"Referer": "http://login.example.com/"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://login.example.com:8443"},
        {"Origin": "https://login.example.com:port"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Referer": f"{HERE}/login"},
        {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin", "Referer": "https://evil.example/"},
    )
    told = [(page.status, page.title, HERE in page.text) for page in pages]
    assert told == [(400, "This form came from another site", True)] * 11


def test_behind_tls_a_form_of_which_nothing_says_where_it_is_from_is_told_why(secure: World) -> None:
    for page in logged_in_with(secure, {}, {"Origin": "null"}, {"Sec-Fetch-Site": "none"}, {"Referer": ""}):
        assert (page.status, page.title) == (400, "Something hides where this form came from")
        assert "Origin, Sec-Fetch-Site and Referer are all missing" in page.text
        assert "eload" not in page.text


@pytest.mark.parametrize("headers", [{"Origin": "http://localhost:9000"}, {"Sec-Fetch-Site": "same-site"}])
def test_on_this_machine_a_form_of_another_port_is_refused(world: World, headers: dict[str, str]) -> None:
    visitor = world.visitor()
    token = visitor.open("/login").value("csrf_token")
    assert visitor.open("/login", method="POST", data={"csrf_token": token}, headers=headers).status == 400
    assert visitor.current.title == "This form came from another site"


def test_a_browser_without_cookies_is_told_so(world: World) -> None:
    visitor = world.visitor()
    token = visitor.open("/login").value("csrf_token")
    visitor.client.delete_cookie("form")
    page = visitor.open("/login", method="POST", data={"csrf_token": token})
    assert page.status == 400
    assert page.title == "Your browser sent no cookies"


def test_behind_tls_a_cookie_without_the_prefix_is_not_believed(secure: World) -> None:
    secure.person("alice")
    alice = secure.password_given("alice")
    token = next(cookie.value for cookie in alice.client._cookies.values() if cookie.key == "__Host-sid")
    assert with_cookie(secure, "__Host-sid", token).open("/").path == "/"
    assert with_cookie(secure, "sid", token).open("/").path == "/login"


def with_cookie(world: World, name: str, value: str) -> Visitor:
    visitor = world.visitor()
    visitor.client.set_cookie(name, value, domain="login.example.com")
    return visitor


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        ("https://login.example.com:443", "__Host-"),
        ("https://login.example.com:8443", "__Host-8443-"),
        ("http://127.0.0.1:8001", "8001-"),
    ],
)
def test_an_unusual_port_is_part_of_the_names_of_cookies(
    app_under: Callable[..., Flask], clock: FakeClock, url: str, prefix: str
) -> None:
    site = World(app_under(MFA_PUBLIC_URL=url), clock, base_url=url)
    site.group("Finance", required=True)
    site.linked_earlier("alice", groups_=("Finance",))
    alice = site.log_in_and_wait("alice", remember=True)
    names = {re.sub("device-.*", "device", cookie.key) for cookie in alice.client._cookies.values()}
    assert names == {f"{prefix}{name}" for name in ("form", "sid", "known", "device")}
    alice.press("Log out")
    assert site.password_given("alice", alice).current.path == "/"


def test_a_site_on_another_port_keeps_its_cookies(app_under: Callable[..., Flask], clock: FakeClock) -> None:
    sites = [app_under(MFA_PUBLIC_URL=f"http://127.0.0.1:{port}") for port in ("8000", "8001")]
    first, second = (World(app, clock, base_url="http://127.0.0.1") for app in sites)
    first.person("alice")
    alice = first.password_given("alice")
    other = second.visitor()
    other.client._cookies = alice.client._cookies  # one browser
    second.password_given("alice", other)
    assert alice.open("/").path == other.open("/").path == "/"
    other.press("Log out")
    assert (alice.open("/").path, other.open("/").path) == ("/", "/login")


def test_no_cookie_is_longer_than_browsers_take(world: World) -> None:
    browser = world.visitor()
    world.people(*(f"person{number}" for number in range(10)))
    for number in range(10):
        world.password_given(f"person{number}", browser).press("Log out")
    sizes = {cookie.key: len(cookie.key + cookie.value) for cookie in browser.client._cookies.values()}
    assert max(sizes.values()) < 4096


def test_no_cookie_tells_who_somebody_is(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.log_in_and_wait("alice", remember=True)
    cookies = [f"{cookie.key}={cookie.value}" for cookie in alice.client._cookies.values()]
    assert len(cookies) == 4
    assert not [cookie for cookie in cookies if "alice" in cookie.lower()]


def test_a_stranger_gets_a_cookie_for_forms_and_no_session(world: World) -> None:
    visitor = world.visitor()
    visitor.open("/login")
    assert visitor.cookie("sid") is None
    assert visitor.cookie("form")
