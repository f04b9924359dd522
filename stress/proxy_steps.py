"""The steps tried on the nginx of docs/deploy. Each returns what it found, or raises StepFailed."""

import http.client
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from sqlalchemy import select

from mfa_app.core.common.tokens import new_token
from mfa_app.extensions import db
from mfa_app.models import AuditEvent
from stress.proxied import Proxied, read_all, statuses
from tests.support.requests import FORWARDED, OPEN_QUOTES, SMUGGLED

SLOW, AT_ONCE, FORMS = 40, 130, 200
SECRET = new_token()


class StepFailed(Exception):
    """Something got through that may not, or was blocked although it may pass."""


def require(holds: object, *facts: object) -> None:
    """Raise StepFailed, with the facts, if a condition is not met."""
    if not holds:
        raise StepFailed(*facts)


def both_gates(world: Proxied) -> str:
    """Alice links her app, logs out, and logs in with a code, on a port other than 443."""
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    browser = world.link("alice")
    browser.submit("/logout")
    world.password_given("alice", browser)
    require(browser.page.path == "/login/code", browser.page.text)
    browser.submit("/login/code", code=world.next_code("alice"), remember="y")
    require(browser.page.path == "/", browser.page.text)
    require("max-age=31536000" in browser.page.response.headers["Strict-Transport-Security"])
    require(browser.submit("/logout").path == "/login")
    require(world.password_given("alice", browser).page.path == "/", "the device is not remembered")
    return "app linked, logged in with a code, logged out, logged in on the remembered device"


def http_and_foreign_hosts(world: Proxied) -> str:
    """Plain http is redirected to https, and a foreign host gets no page."""
    line = http.client.HTTPConnection("127.0.0.1", world.nginx.plain_port, timeout=30)
    line.request("GET", "/login")
    answer = line.getresponse()
    line.close()
    require((answer.status, answer.getheader("Location")) == (301, "https://127.0.0.1/login"), answer.status)
    foreign = world.raw(b"GET /login HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    require(statuses(foreign) == (400,) and b"evil" not in foreign, foreign)
    return "http gets 301, a foreign host 400"


def faked_ip_addresses(world: Proxied) -> str:
    """Eve claims to come from other IP addresses; the trail has the real one."""
    lies = ["203.0.113.9", "127.0.0.1", "203.0.113.9, 127.0.0.1", "x" * 50, "[::1]:80", *OPEN_QUOTES]
    for number, lie in enumerate(lies):
        eve = world.browser(**dict.fromkeys(FORWARDED, lie), **{"X-Forwarded-Host": "evil.example"})
        page = eve.open("/login")
        require("evil.example" not in f"{page.html}{page.response.headers}", lie)
        require(eve.open("/metrics").status == eve.open("/readyz").status == 404, lie)
        eve.open("/login")
        page = eve.submit("/login", email=f"nobody{number}@example.com", password="not a password of theirs")
        require(page.status == 400, lie, page.status)
    refused = select(AuditEvent.ip_address).where(AuditEvent.event == "password.refused")
    with world.data():
        found = list(db.session.scalars(refused))
    require(found == [world.address] * len(lies), found)
    return f"{len(lies)} lies in {len(FORWARDED)} headers each: the trail has only the real IP address"


def ambiguous_requests(world: Proxied) -> str:
    """Gunicorn answers no request that nginx doesn't know about."""
    before, known, seen = world.count_answered(), world.nginx.passed_on(), Counter()
    host = f"Host: 127.0.0.1:{world.nginx.port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    second = f"GET /login?smuggled HTTP/1.1\r\n{host}Connection: close\r\n\r\n"
    for line, body in SMUGGLED:
        first = f"POST /login HTTP/1.1\r\n{host}{line}\r\n\r\n{body}"
        answers = statuses(world.raw((first + second).encode("latin1")))
        require(answers and answers[0] in (400, 501), line, answers)
        require(len(answers) == 1 or not re.search("transfer|length", line, re.IGNORECASE), line, answers)
        seen[answers] += 1
    for text in ("GET /login HTTP/1.1\nHost: x\nConnection: close\n\n", "GET /login\r\n\r\n", "\0\r\n\r\n"):
        seen[statuses(world.raw(text.encode()))] += 1
    answered, passed = world.count_answered() - before - 1, world.nginx.passed_on() - known
    require(answered <= passed, f"gunicorn answered {answered} requests, nginx passed on {passed}")
    names = {answers: " and ".join(map(str, answers)) or "no status" for answers in seen}
    found = ", ".join(f"{count} got {names[answers]}" for answers, count in seen.items())
    return f"{found}; nginx passed on {passed} requests, the site answered {answered}"


def too_large(world: Proxied) -> str:
    """Bodies, request lines and headers larger than the application, or nginx, accepts."""
    host = f"Host: 127.0.0.1:{world.nginx.port}\r\nConnection: close\r\n"
    cases = {
        "body of 65 KiB": f"POST /login HTTP/1.1\r\n{host}Content-Length: 66560\r\n\r\n",
        "URL of 9 KiB": f"GET /{'x' * 9000} HTTP/1.1\r\n{host}\r\n",
        "header line of 9 KiB": f"GET /login HTTP/1.1\r\n{host}X-A: {'x' * 9000}\r\n\r\n",
        "headers of 160 KiB": f"GET /login HTTP/1.1\r\n{host}" + f"X-A: {'x' * 8000}\r\n" * 20 + "\r\n",
    }
    found = {what: statuses(world.raw(text.encode()))[:1] for what, text in cases.items()}
    require(list(found.values()) == [(413,), (414,), (431,), (400,)], found)
    return ", ".join(f"{what} {status}" for what, (status,) in found.items())


def slow_clients(world: Proxied) -> str:
    """Clients that never finish a request: others still get the login page, and nginx hangs up on them."""
    head = f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{world.nginx.port}\r\n"
    with ExitStack() as held:
        lines = [held.enter_context(world.connection()) for _ in range(SLOW)]
        began = time.monotonic()
        for number, line in enumerate(lines):
            line.sendall((head + ("X-Slow: " if number % 2 else "Content-Length: 99\r\n\r\nx")).encode())
        took = sorted(seconds_for_a_page(world) for _ in range(20))
        for line in lines:
            read_all(line)
        hung_up = time.monotonic() - began
    require(took[-1] < 2 and hung_up < 20, took, hung_up)
    return (
        f"GET /login beside {SLOW} of them: median {took[10] * 1000:.0f} ms, "
        f"slowest {took[-1] * 1000:.0f} ms; all hung up on after {hung_up:.0f} s"
    )


def seconds_for_a_page(world: Proxied) -> float:
    """Return how long it takes to get the login page over a new connection."""
    began = time.monotonic()
    require(world.browser().open("/login").status == 200)
    return time.monotonic() - began


def too_many_forms(world: Proxied) -> str:
    """More forms a second than an office sends: its pages, and other people's forms, still get through."""
    form = (
        f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{world.nginx.port}\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()
    with ThreadPoolExecutor(4) as pool:
        found = Counter(pool.map(lambda _: statuses(world.raw(form))[0], range(FORMS)))
    require(found[400] >= 100 and found[429] > 20 and found.total() == FORMS, found)
    require(world.browser().open("/login").status == 200)
    world.address = "127.0.0.99"
    require(statuses(world.raw(form)) == (400,))
    return f"of {FORMS} forms at once without a token {found[400]} got 400 and {found[429]} got 429"


def too_many_open_requests(world: Proxied) -> str:
    """More open requests at once than an office has."""
    request = f"GET /login HTTP/1.1\r\nHost: 127.0.0.1:{world.nginx.port}\r\nContent-Length: 9\r\n\r\nx"
    with ExitStack() as held:
        lines = [held.enter_context(world.connection()) for _ in range(AT_ONCE)]
        for line in lines:
            line.sendall(request.encode())
        refused = sum(statuses(read_all(line)) == (429,) for line in lines)
    require(refused == AT_ONCE - 100, refused)
    return f"of {AT_ONCE} requests at once from one IP address {refused} got 429"


def one_time_link(world: Proxied) -> str:
    """The URL of a one-time link is in no log of nginx."""
    return _open_link(world, 410)


def one_time_link_while_gunicorn_is_down(world: Proxied) -> str:
    """The same while nginx can't reach gunicorn."""
    return _open_link(world, 502)


def _open_link(world: Proxied, expected: int) -> str:
    host = f"127.0.0.1:{world.nginx.port}"
    answer = world.raw(f"GET /link/{SECRET} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    require(statuses(answer) == (expected,), statuses(answer))
    require(not re.search(SECRET, world.nginx.logs()), "the link is in a log of nginx")
    return f"answered {expected}, in no log"


STEPS = (
    *(both_gates, http_and_foreign_hosts, faked_ip_addresses, ambiguous_requests, too_large),
    *(slow_clients, too_many_forms, too_many_open_requests, one_time_link),
)
