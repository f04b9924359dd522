"""K. Size, floods, logs and stolen files: eve sends too much, too odd, and looks at what is written down."""

import base64
import hashlib
import html
import io
import json
import logging
import re
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from itsdangerous.encoding import base64_decode

from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.mail.one_time_links import Purpose, create
from mfa_app.core.policy import overrides
from mfa_app.extensions import db
from mfa_app.web.http.headers import HEADERS
from tests.support.processes import resident_kib, workers_of
from tests.support.requests import FORM, form, status_of
from tests.support.served_site import at_once
from tests.support.tables import dump
from tests.support.world import CALLED_BACK, PASSWORD, TERMINAL, WRONG, World

HEAD = "Host: 127.0.0.1\r\nConnection: close\r\n"
NEW = "quiet harbour under a green dawn"
TOO_MUCH = {(429, "/login"), (503, "/login")}


@pytest.mark.parametrize(
    ("request_", "statuses"),
    [
        (f"POST /login HTTP/1.1\r\n{HEAD}Content-Type: {FORM}\r\nContent-Length: 10000000\r\n\r\na=1", {413}),
        (
            f"POST /nowhere HTTP/1.1\r\n{HEAD}Content-Type: {FORM}\r\nContent-Length: 10000000\r\n\r\na=1",
            {404, 413},
        ),
        (f"GET /login HTTP/1.1\r\n{HEAD}Cookie: sid={'a' * 200_000}\r\n\r\n", {431}),
        (f"GET /login HTTP/1.1\r\n{HEAD}" + "".join(f"X-{n}: 1\r\n" for n in range(500)) + "\r\n", {431}),
        (f"GET /login?{'a' * 9000} HTTP/1.1\r\n{HEAD}\r\n", {414}),
        (f"GET /{'a' * 9000} HTTP/1.1\r\n{HEAD}\r\n", {414}),
        (
            f"GET /login HTTP/1.1\r\n{HEAD}Cookie: " + "; ".join(f"c{n}=1" for n in range(50)) + "\r\n\r\n",
            {200},
        ),
        (f"POST /login HTTP/1.1\r\n{HEAD}Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", {400, 415}),
    ],
)
def test_too_much_is_refused_before_it_is_read(
    direct_world: World, request_: str, statuses: set[int]
) -> None:
    """Attacks 56 and 95."""
    assert status_of(direct_world.site.raw(request_)) in statuses


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        (
            f"GET /login HTTP/1.1\r\n{HEAD}Cookie: a={'b' * 9000}\r\n\r\n",
            431,
            "Delete the cookies of 127.0.0.1",
        ),
        (f"GET /login HTTP/1.1\r\n{HEAD}" + "Cookie: a=b\r\n" * 70 + "\r\n", 431, "Delete the cookies"),
        (f"GET /{'a' * 5000} HTTP/1.1\r\n{HEAD}\r\n", 414, "This address is too long"),
        (f"GET /login HTTP/1.1\r\n{HEAD}X-A: b\r\n <script>: c\r\n\r\n", 400, "That didn't work"),
        ("<script>alert(1)</script>\r\n\r\n", 400, "That didn't work"),
    ],
)
def test_what_gunicorn_refuses_gets_a_page_with_all_headers(
    direct_world: World, request_: str, status: int, words: str
) -> None:
    """Attack 95: no bare line of another program, no echo, and nothing that a frame or a cache could use."""
    head, _, page = direct_world.site.raw(request_).decode().partition("\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    assert status_of(head.encode()) == status
    assert words in html.unescape(page) and "http://127.0.0.1" in page and "<script>" not in page
    assert {**HEADERS, "Cache-Control": "no-store", "Connection": "close"}.items() <= headers.items()
    assert len(page.encode()) == int(headers["Content-Length"])


def test_a_body_in_chunks_has_the_same_end(direct_world: World) -> None:
    """Attack 95: without a length nothing says at first how much there will be."""
    chunks = ("ffff\r\n" + "a" * 65535 + "\r\n") * 16
    head = f"POST /login HTTP/1.1\r\n{HEAD}Content-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = direct_world.site.raw(f"{head}{chunks}0\r\n\r\n")
    assert answer == b"" or status_of(answer) in (400, 413)


@pytest.mark.parametrize(
    "body", [[1, 2], 1, {"email": 5}, {"email": "\ud800", "password": "x"}, {"password": [1]}]
)
def test_json_is_no_form_of_ours(world: World, body: object) -> None:
    """Attack 4: Flask-WTF reads JSON where there is no form, and its values need not be text."""
    for path in ("/login", "/password/forgotten"):
        eve = world.visitor()
        headers = {"Content-Type": "application/json", "X-CSRFToken": eve.open("/login").value("csrf_token")}
        assert eve.open(path, method="POST", data=json.dumps(body), headers=headers).status == 400


def test_a_file_in_place_of_a_text_is_refused(world: World) -> None:
    """Attack 95: a multipart form whose address is an upload."""
    eve = world.visitor()
    data = {"csrf_token": eve.open("/login").value("csrf_token"), "password": "x"}
    data["email"] = (io.BytesIO(b"alice@example.com"), "address.txt")
    assert eve.open("/login", method="POST", data=data).status == 400


@pytest.mark.inside
def test_a_password_of_sixty_thousand_characters_is_not_hashed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack 96: what is too long is refused at the form, whoever it is for."""
    monkeypatch.setattr("mfa_app.core.passwords.hashing._slot", lambda: 1 / 0)
    world.visitor().open("/login")
    eve = world.visitor()
    eve.open("/login")
    assert eve.press("Log in", email="alice@example.com", password="x" * 60_000).status == 400


def test_sixty_logins_at_once_leave_the_login_page_answering(direct_world: World) -> None:
    """Attack 96: each is let in, told to wait or to try again; the pages open, and memory has its bounds.

    They are three times as many as the site has threads, and five times as many as it lets wait for a hash.
    """
    names = direct_world.newcomers(60)
    assert ten_login_pages(direct_world) == [200] * 10
    first = direct_world.visitor()
    first.open("/login")
    browsers = [first.copy(f"127.0.4.{number + 1}") for number in range(60)]
    workers = workers_of(direct_world.site.environment["MFA_INSTANCE_PATH"])
    before = [resident_kib(pid) for pid in workers]
    floods = [
        lambda b=browser, n=name: b.submit("/login", email=f"{n}@example.com", password=PASSWORD)
        for browser, name in zip(browsers, names, strict=True)
    ]
    *answers, pages = at_once(*floods, lambda: ten_login_pages(direct_world))
    assert pages == [200] * 10
    assert {(answer.status, answer.path) for answer in answers} <= {(200, "/"), *TOO_MUCH}
    assert all(answer.response.headers["Retry-After"] for answer in answers if answer.status == 503)
    assert [pid for pid in workers if resident_kib(pid) is None] == []
    grown = [resident_kib(pid) - held for pid, held in zip(workers, before, strict=True)]
    assert max(grown) < 60 * 1024


def ten_login_pages(world: World) -> list[int]:
    """Open the login page ten times; return the statuses."""
    return [world.visitor().open("/login").status for _ in range(10)]


def test_few_slow_clients_do_not_hold_up_the_others(direct_world: World) -> None:
    """Attack 95: four that never finish their headers or bodies; many more are the proxy's to hold off."""
    begun = (
        "POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        f"POST /login HTTP/1.1\r\n{HEAD}Content-Length: 9\r\n\r\na",
    )
    with ExitStack() as lines:
        for text in begun * 2:
            line = lines.enter_context(direct_world.site.connection())
            line.sendall(text.encode())
        assert [direct_world.visitor().open("/login").status for _ in range(4)] == [200] * 4


def test_the_server_writes_down_no_secret_of_a_whole_run(direct_world: World) -> None:
    """Attack 102, and requirement 62: log, trail, metrics and every column hold none of what was used."""
    name, used = whole_run(direct_world)
    metrics = direct_world.visitor().open("/metrics").response.text
    written = direct_world.site.log + str(dump(direct_world.app)) + metrics
    assert f"{name}@example.com" in written
    assert len(used) > 8
    assert not [
        value for value in used if re.search(rf"(?<![0-9a-f]){re.escape(value)}(?![0-9a-f])", written)
    ]


def test_a_recovery_code_that_was_typed_as_a_password_is_written_down_nowhere(direct_world: World) -> None:
    """Attack 109: log, trail, metrics, emails, every column and the page that answers, in any spelling."""
    name = direct_world.newcomer(groups_=(direct_world.finance(),))
    alice = direct_world.link(name)
    login, current, new, used = direct_world.recovery_codes(alice)[:4]
    alice.open("/account/password")
    refused = [alice.submit("/account/password", current=current, password=new)]
    eve = direct_world.visitor()
    for email in (f"{name}@example.com", "nobody@example.com"):
        refused.append(eve.give_password(email, login))
    assert {page.status for page in refused} == {400}
    in_its_place = direct_world.password_given(name).submit("/login/code", code=used)
    assert in_its_place.path == "/account/recovered"
    folder = direct_world.site.folder
    files = [path.read_text("latin1") for path in folder.rglob("*") if path.is_file()]
    metrics = direct_world.visitor().open("/metrics").response.text
    pages = [page.source for page in (*refused, in_its_place)]
    written = "".join([*files, *pages, str(dump(direct_world.app)), metrics, direct_world.site.log])
    assert f"{name}@example.com" in written
    assert not [form for code in (login, current, new, used) for form in forms_of(code) if form in written]


def forms_of(code: str) -> list[str]:
    """Return what a recovery code could be written down as."""
    bare = code.replace("-", "")
    raw = base64.b32decode(bare.upper())
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in (code, bare)]
    return [code, bare, code.upper(), bare.upper(), raw.hex(), raw.decode("latin1"), *digests]


def whole_run(direct_world: World) -> tuple[str, list[str]]:
    """Link, fail, log in, and reset a password; return who did it, and all that nobody may write down."""
    name = direct_world.newcomer(groups_=(direct_world.finance(),))
    alice = direct_world.password_given(name)
    phone = direct_world.phones[name] = direct_world.phone_that_scans(alice.page)
    used = [PASSWORD, WRONG, NEW, phone.secret, alice.cookies["sid"], code := phone.code()]
    alice.submit("/enrolment", code=code)
    used += [alice.cookies["sid"], later := direct_world.next_code(name)]
    alice.submit("/logout")
    direct_world.visitor(address="127.0.5.1").give_password(f"{name}@example.com", WRONG)
    direct_world.password_given(name, alice)
    assert alice.submit("/login/code", code=later, remember="y").path == "/"
    with direct_world.data():
        used.append(
            token := create(Purpose.PASSWORD_RESET, direct_world.user(name), now=direct_world.clock())
        )
    reset = direct_world.visitor()
    reset.open(f"/link/{token}")
    reset.submit("/password/choose", password=NEW)
    return name, used + [value for key, value in alice.cookies.items() if key != "known"]


def test_a_stolen_database_file_holds_nothing_that_opens_anything(world: World) -> None:
    """Attack 102: the bytes of the file and its companions, and the digests tried as tokens."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.log_in_and_wait("alice", remember=True)
    with world.data():
        token = create(Purpose.PASSWORD_RESET, world.user("alice"), now=world.clock())
    (device,) = (c.value for c in alice.client._cookies.values() if c.key.startswith("device-"))
    secrets = [PASSWORD, world.phones["alice"].secret, alice.cookie("sid"), token, device]
    secrets.append(json.loads(base64_decode(device.rsplit(".", 1)[0]))[1])
    files = world.app.config["SETTINGS"].instance_path.glob("second-gate.sqlite3*")
    held = b"".join(path.read_bytes() for path in files) + repr(dump(world.app)).encode()
    assert not [secret for secret in secrets if secret.encode() in held]
    for digest in set(re.findall(rb"[0-9a-f]{64}", held)):
        thief = world.visitor()
        thief.client.set_cookie("sid", digest.decode())
        assert thief.client.get("/").headers["Location"] == "/login"


FORGED = 'eve"}\r\n2026-03-02 09:00  policy.changed  carol@example.com (person)\x1b[2J\x1b]0;owned\x07\u202e'


@pytest.mark.inside
def test_a_reason_forges_no_line_of_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Attack 99: line breaks, quotes and terminal commands in what dave types; one event stays one line."""
    world.person("alice")
    caplog.set_level(logging.INFO, "mfa_app.trail")
    with world.data():
        reset_second_factor(
            world.user("alice"), reason=FORGED, checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
        )
    lines = [record.getMessage() for record in caplog.records if record.name == "mfa_app.trail"]
    assert json.loads(lines[-1])["details"]["reason"] == FORGED
    assert all(line.isprintable() for line in lines)


def test_a_reason_commands_no_terminal_and_forges_no_row_of_a_list(world: World) -> None:
    """Attack 99: an administrator lists the trail and the people on a terminal."""
    world.person("alice", password=None)  # else there is nothing to invite her to
    world.rename("alice", FORGED)
    with world.data():
        reset_second_factor(
            world.user("alice"), reason=FORGED, checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
        )
        groups.create(FORGED[:200], actor=TERMINAL, now=world.clock())
        forger, tomorrow = Actor(ActorKind.TERMINAL, FORGED), world.clock() + timedelta(days=1)
        overrides.exempt(world.user("alice"), until=tomorrow, reason=FORGED, actor=forger, now=world.clock())
    commands = ("users show", "policy explain", "users invite")
    about_alice = [f"{command} alice@example.com" for command in commands]
    for words in ("audit list", "users list", "groups list", *about_alice):
        said = world.app.test_cli_runner().invoke(args=words.split())
        assert said.exit_code == 0
        lines = said.output.rstrip("\n").split("\n")
        assert all(line.isprintable() for line in lines), words
        assert not [line for line in lines if line.startswith("2026-03-02 09:00  policy.changed")]


@pytest.mark.inside
def test_a_user_agent_is_one_printable_line_wherever_it_is_kept(world: World) -> None:
    """Attack 99."""
    world.person("alice")
    eve = world.visitor(browser="x\x1b[2J" + "\u00e9" * 400 + "\x7f")
    world.password_given("alice", eve)
    values = [value for table in dump(world.app).values() for row in table for value in row]
    kept = [value for value in values if isinstance(value, str) and value.startswith("x?[2J")]
    assert kept
    assert all(value.isprintable() and value.isascii() and len(value) <= 300 for value in kept)


def test_the_same_rules_for_size_hold_at_every_public_form(direct_world: World) -> None:
    """Attack 95: the largest body that is read is 64 KiB, wherever it is sent."""
    for path in ("/login", "/password/forgotten", "/password/choose", "/setup", "/logout"):
        body = form(email="a" * 70_000)
        head = f"POST {path} HTTP/1.1\r\n{HEAD}Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
        assert status_of(direct_world.site.raw(head.encode() + body)) == 413


@pytest.mark.inside
def test_an_error_page_tells_nothing_of_the_inside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requirement 64: no traceback, no statement, no path, no version."""
    world.person("alice")
    secret = "SELECT password_hash FROM user_account"

    def fail(*_arguments: object, **_facts: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr("mfa_app.core.login.password_step.sign_in", fail)
    page = world.password_given("alice").page
    assert page.status == 500
    for word in (secret, "Traceback", "RuntimeError", str(Path(__file__).parents[2]), "Werkzeug"):
        assert word not in page.response.text + str(page.response.headers)
    with world.app.app_context():
        db.session.rollback()
