"""I. Headers and proxies: eve makes up where she comes from, and sends what two readers read in two ways."""

from base64 import b64encode
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from mfa_app.extensions import db
from mfa_app.models import AuditEvent, AuthSession, Throttle
from tests.support.browser import Visitor
from tests.support.clock import FakeClock
from tests.support.requests import FORM, FORWARDED, OPEN_QUOTES, SMUGGLED, status_of
from tests.support.world import PASSWORD, WRONG, World

HEAD = "Host: 127.0.0.1\r\nConnection: close\r\n"


def guess(visitor: Visitor, name: str) -> int:
    visitor.open("/login")
    return visitor.press("Log in", email=f"{name}@example.com", password=WRONG).status


def buckets(world: World) -> set[str]:
    with world.data():
        keys = db.session.scalars(select(Throttle.key).where(Throttle.key.startswith("address:")))
        return {key.partition(":")[2] for key in keys}


def test_no_header_about_an_address_opens_another_bucket(world: World) -> None:
    """Attack 10: all headers that any proxy knows, with another address at each try."""
    for number in range(6):
        eve = world.visitor(address="198.51.100.9")
        eve.headers |= dict.fromkeys(FORWARDED, f"203.0.113.{number}")
        guess(eve, f"nobody{number}")
    assert buckets(world) == {"198.51.100.9"}


def test_a_whole_network_of_version_six_is_one_bucket(world: World) -> None:
    """Attack 10: eve has 2^64 addresses, and spells them in different ways."""
    spellings = (
        "2001:db8::1",
        "2001:DB8:0:0:FFFF::",
        "2001:0db8:0000:0000:dead:beef:0:7",
    )
    for number, text in enumerate(spellings):
        guess(world.visitor(address=text), f"nobody{number}")
    assert buckets(world) == {"2001:db8::"}


def test_an_old_address_in_a_new_spelling_is_the_old_bucket(world: World) -> None:
    """Attack 11, for addresses of machines."""
    for number, text in enumerate(
        ("192.0.2.7", "::ffff:192.0.2.7", "::FFFF:C000:207", "0:0:0:0:0:ffff:c000:0207")
    ):
        guess(world.visitor(address=text), f"nobody{number}")
    assert buckets(world) == {"192.0.2.7"}


@pytest.mark.parametrize(
    "address", ["a", "", "unknown", "127.0.0.1, 1.2.3.4", "1.2.3.4:port", "999.1.1.1", "[::1"]
)
@pytest.mark.inside
def test_an_address_that_is_none_shares_one_bucket(world: World, address: str) -> None:
    """Attack 80: what cannot be read is counted like an address of its own, and never not at all."""
    guess(world.visitor(address=address), "nobody")
    assert buckets(world) == {"unknown"}


@pytest.fixture
def behind_a_proxy(app_under: Callable[..., Flask], clock: FakeClock) -> World:
    """The site behind one proxy, which puts the address of whom it talks to last."""
    return World(app_under(MFA_TRUSTED_PROXY_HOPS="1"), clock)


def test_behind_a_proxy_only_what_the_proxy_wrote_counts(behind_a_proxy: World) -> None:
    """Attacks 10 and 80: eve writes addresses before the one that the proxy adds."""
    for number in range(6):
        eve = behind_a_proxy.visitor(address="127.0.0.1")
        eve.headers |= dict.fromkeys(FORWARDED[1:], f"203.0.113.{number}")
        eve.headers["X-Forwarded-For"] = f"203.0.113.{number}, a, 198.51.100.9"
        eve.headers["X-Forwarded-Host"] = "evil.example"
        guess(eve, f"nobody{number}")
        assert "evil.example" not in eve.page.response.text + str(eve.page.response.headers)
    assert buckets(behind_a_proxy) == {"198.51.100.9"}
    with behind_a_proxy.data():
        assert set(db.session.scalars(select(AuditEvent.ip_address))) == {"198.51.100.9"}


@pytest.mark.parametrize(
    ("added", "address", "bucket"),
    [
        ("203.0.113.9:4711", "203.0.113.9", "203.0.113.9"),
        ("[2001:db8::1]:50000", "2001:db8::1", "2001:db8::"),
        ("[2001:db8::1]", "2001:db8::1", "2001:db8::"),
        ('"[2001:db8::1]:50000"', "2001:db8::1", "2001:db8::"),
    ],
)
def test_a_proxy_may_add_a_port_or_brackets(
    behind_a_proxy: World, added: str, address: str, bucket: str
) -> None:
    """Attack 80: otherwise everyone behind such a proxy would be one unknown visitor."""
    eve = behind_a_proxy.visitor(address="127.0.0.1")
    eve.headers["X-Forwarded-For"] = f"198.51.100.1:80, {added}"
    guess(eve, "nobody")
    assert buckets(behind_a_proxy) == {bucket}
    with behind_a_proxy.data():
        assert set(db.session.scalars(select(AuditEvent.ip_address))) == {address}


@pytest.mark.parametrize("quote", OPEN_QUOTES)
def test_behind_a_proxy_an_open_quote_hides_no_address(behind_a_proxy: World, quote: str) -> None:
    """Attacks 10 and 80: a list with an open quote is discarded, with what the proxy added."""
    eve = behind_a_proxy.visitor(address="127.0.0.1")
    eve.headers["X-Forwarded-For"] = f"{quote}, 198.51.100.9"
    guess(eve, "nobody")
    assert buckets(behind_a_proxy) == {"198.51.100.9"}
    for path in ("/metrics", "/readyz", "/healthz"):
        assert eve.open(path).status == 404


def test_behind_a_proxy_garbage_for_an_address_skips_no_limit(behind_a_proxy: World) -> None:
    """Attack 80: a proxy that passes on what it was sent."""
    for number in range(3):
        eve = behind_a_proxy.visitor(address="127.0.0.1")
        eve.headers["X-Forwarded-For"] = "x" * number + "%00<b>'"
        guess(eve, f"nobody{number}")
    assert buckets(behind_a_proxy) == {"unknown"}


def test_a_session_does_not_end_or_move_with_a_header(world: World) -> None:
    """Attack 77: Flask-Login's own protection would read X-Forwarded-For as the client wrote it."""
    world.person("alice")
    alice = world.password_given("alice")
    for value in ("203.0.113.1", "a", ""):
        alice.headers["X-Forwarded-For"] = value
        assert alice.open("/").path == "/"
    assert world.count(AuthSession, AuthSession.ip_address == "192.0.2.1") == 1


def test_no_header_says_who_somebody_is(direct_world: World) -> None:
    """Attack 78: what a site behind another login would believe."""
    name = direct_world.newcomer("carol")
    names = ("Remote-User", "Remote_User", "X-Remote-User", "X-Forwarded-User", "Remote-Email", "X-User")
    lines = "".join(f"{header}: {name}@example.com\r\n" for header in names)
    lines += f"Authorization: Basic {b64encode(f'{name}@example.com:{PASSWORD}'.encode()).decode()}\r\n"
    for path in ("/", "/admin", "/account"):
        answer = direct_world.site.raw(f"GET {path} HTTP/1.1\r\n{HEAD}{lines}\r\n")
        assert status_of(answer) == 302
        assert b"\r\nLocation: /login" in answer


def test_gunicorn_believes_no_scheme_prefix_or_address_from_its_neighbour(direct_world: World) -> None:
    """Attack 76: without hops configured, a request from 127.0.0.1 is not the proxy's."""
    lines = "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: on\r\nX-Forwarded-Protocol: ssl\r\n"
    lines += "X-Forwarded-Prefix: /evil\r\nSCRIPT_NAME: /evil\r\nScript-Name: /evil\r\nPATH_INFO: /admin\r\n"
    lines += "X_Forwarded_For: 203.0.113.1\r\nRemote_Addr: 203.0.113.1\r\n"
    answer = direct_world.site.raw(f"GET / HTTP/1.1\r\n{HEAD}{lines}\r\n")
    assert status_of(answer) == 302
    assert b"\r\nLocation: /login\r\n" in answer
    assert b"evil" not in answer and b"Strict-Transport" not in answer and b"Secure" not in answer


def test_the_numbers_for_monitors_are_not_for_whoever_a_proxy_passes_on(direct_world: World) -> None:
    """Attack 76: eve asks for /metrics through a proxy, under any host, and past it."""
    lines = "X-Forwarded-For: 127.0.0.1\r\n"
    for path in (
        "/metrics",
        "/readyz",
        "/healthz",
        "/%6detrics",
        "//metrics",
        "/metrics/",
        "/static/../metrics",
    ):
        answer = direct_world.site.raw(f"GET {path} HTTP/1.1\r\n{HEAD}{lines}\r\n")
        assert status_of(answer) in (302, 308, 404), path
        assert b"second_gate_" not in answer


@pytest.mark.parametrize(("line", "body"), SMUGGLED)
def test_what_two_readers_could_read_in_two_ways_is_refused(
    direct_world: World, line: str, body: str
) -> None:
    """Attack 83: one answer, an error, and the line is closed, whatever eve sends after it."""
    second = f"GET /login?smuggled HTTP/1.1\r\n{HEAD}\r\n"
    answer = direct_world.site.raw(
        f"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {FORM}\r\n{line}\r\n\r\n{body}{second}"
    )
    assert status_of(answer) in (400, 501)
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "line", ["GET /login HTTP/1.1\n" + "Host: 127.0.0.1\n\n", "GET /login\r\n\r\n", "\0\r\n\r\n"]
)
def test_a_request_with_bare_line_feeds_or_without_a_version_is_refused(
    direct_world: World, line: str
) -> None:
    """Attack 83."""
    assert status_of(direct_world.site.raw(line)) == 400


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/static/../../keys",
            "/static/%2e%2e/%2e%2e/keys",
            "/static/..%2f..%2fkeys",
            "/static//etc/passwd",
        ),
        *("/static/....//keys", "/static/%00", "/static/../../../keys", "/static/..\\..\\keys"),
    ],
)
def test_static_files_are_all_that_is_served(direct_world: World, path: str) -> None:
    """Attack 79: the keys lie in the instance folder, and eve spells her way out of the static one."""
    answer = direct_world.site.raw(f"GET {path} HTTP/1.1\r\n{HEAD}\r\n")
    assert status_of(answer) in (302, 308, 400, 404)
    assert b"secret_key" not in answer and b"root:" not in answer


@pytest.mark.parametrize(
    "path",
    ["/Account", "/ACCOUNT", "/account/", "/account;x", "/account%2f", "/./account", "/login/..%2faccount"],
)
def test_a_shut_page_is_shut_in_every_spelling(direct_world: World, path: str) -> None:
    """Attack 79."""
    answer = direct_world.site.raw(f"GET {path} HTTP/1.1\r\n{HEAD}\r\n")
    assert status_of(answer) in (302, 308, 404)
    assert b"evil" not in answer


@pytest.mark.parametrize(
    "referer", ["http://[", "http://127.0.0.1:x/", "http://127.0.0.1:99999/", "https://[::1"]
)
@pytest.mark.parametrize("path", ["/login", "/account/sessions/end", "/logout"])
def test_a_referer_that_is_no_address_is_no_error_of_the_server(
    world: World, path: str, referer: str
) -> None:
    """Attack 49: the way back after a form is read off the Referer."""
    eve = world.visitor()
    token = eve.open("/login").value("csrf_token")
    page = eve.open(
        path, method="POST", data={"csrf_token": token}, headers={"Referer": referer}, follow=False
    )
    assert page.status == 400
    assert eve.open("/login", headers={"Referer": referer}).status == 200


@pytest.mark.parametrize(
    "referer",
    [
        "http://localhost//evil.example/",
        "http://localhost/\\evil.example",
        "http://evil.example/account",
        "//x/y",
    ],
)
def test_a_referer_leads_nobody_away(world: World, referer: str) -> None:
    """Attack 49."""
    eve = world.visitor()
    token = eve.open("/login").value("csrf_token")
    data, headers = {"csrf_token": token}, {"Referer": referer}
    page = eve.open("/account/sessions/end", method="POST", data=data, headers=headers, follow=False)
    assert page.response.headers["Location"] == "/login"
