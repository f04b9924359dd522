"""What machines are told that watch the site, and that nobody else is told."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from mfa_app import __version__
from mfa_app.core.audit import anchors
from mfa_app.core.common import clock
from mfa_app.core.keys import keyring
from mfa_app.core.keys.vault import Vault
from mfa_app.core.mail import delivery, outbox
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.mail.smtp import RecipientRefused
from mfa_app.core.operations.health_checks import Problem, startup_blocker
from mfa_app.extensions import db
from mfa_app.models import Authenticator, OutboxMail, SealedValue
from mfa_app.settings import SettingError, load_settings
from tests.support.applications import application
from tests.support.browser import Page, Visitor
from tests.support.clock import FakeClock
from tests.support.databases import both_databases, on_postgresql
from tests.support.requests import FORWARDED
from tests.support.site_parts import put
from tests.support.statements import cost
from tests.support.world import World

PATHS = ("/healthz", "/readyz", "/metrics")


@pytest.fixture
def monitor(world: World) -> Visitor:
    return world.visitor(address="127.0.0.1", browser="Prometheus")


def lines(page: Page) -> dict[str, str]:
    """Return what the site says of each thing that it needs; its last line is the version."""
    *checks, version = page.response.get_data(as_text=True).splitlines()
    assert version == f"version: {__version__}"
    return dict(line.split(": ", 1) for line in checks)


def number(monitor: Visitor, name: str) -> float:
    """Return what a metric shows now; 0 if it has never been counted."""
    text = monitor.open("/metrics").response.get_data(as_text=True)
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def hole(monitor: Visitor, name: str) -> str:
    """Return the sentence about the one thing for which the site is not ready."""
    page = monitor.open("/readyz")
    assert page.status == 503
    assert [told for told in lines(page).values() if told != "ok"] == [lines(page)[name]]
    return lines(page)[name]


@both_databases
def test_a_site_that_lacks_nothing_is_ready(monitor: Visitor) -> None:
    page = monitor.open("/readyz")
    names = ("database", "migrations", "keys", "clock", "outbox", "trail", "break-glass codes", "files")
    assert (page.status, lines(page)) == (200, dict.fromkeys(names, "ok"))
    assert monitor.open("/healthz").response.data == b"alive\n"


def test_whoever_is_not_in_the_networks_finds_nothing(world: World) -> None:
    eve = world.visitor(address="192.0.2.66")
    for path in PATHS:
        assert eve.open(path).status == 404, path
        assert eve.open(path, headers={"X-Forwarded-For": "127.0.0.1"}).status == 404, path


def test_any_word_of_a_proxy_says_that_a_request_was_passed_on(monitor: Visitor) -> None:
    for name in (*FORWARDED, "Via", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-By"):
        for path in PATHS:
            assert monitor.open(path, headers={name: "192.0.2.66"}).status == 404, (name, path)


@pytest.mark.parametrize(
    ("hops", "headers", "status"),
    [
        ("0", {"Host": "login.example.com"}, 404),  # a proxy that adds no header at all
        ("0", {"Host": "LOGIN.example.com:443"}, 404),
        ("0", {"Host": "127.0.0.1:8000"}, 200),
        ("1", {"Host": "127.0.0.1:8000"}, 200),
        ("1", {"Host": "login.example.com"}, 404),
        ("1", {"X-Real-IP": "192.0.2.66"}, 404),
        ("1", {"X-Forwarded-Proto": "https"}, 404),
        ("1", {"Host": "login.example.com", "X-Forwarded-For": "127.0.0.1"}, 200),  # the proxy says so
        ("1", {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}, 200),
        ("1", {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "192.0.2.66"}, 404),
        ("1", {"X-Forwarded-For": "192.0.2.66"}, 404),
        ("1", {"X-Forwarded-For": "192.0.2.66, 127.0.0.1"}, 404),  # one more proxy than was said
        ("2", {"X-Forwarded-For": "192.0.2.66"}, 404),  # one less: ProxyFix leaves the address of the proxy
        ("2", {"X-Forwarded-For": "127.0.0.1, 10.0.0.1"}, 200),
    ],
)
def test_a_monitor_is_answered_only_where_its_address_is_certain(
    app_under: Callable[..., Flask], hops: str, headers: dict[str, str], status: int
) -> None:
    app = app_under(MFA_PUBLIC_URL="https://login.example.com", MFA_TRUSTED_PROXY_HOPS=hops)
    for path in PATHS:
        assert Visitor(app, address="127.0.0.1").open(path, headers=headers).status == status, path


@pytest.mark.parametrize("path", PATHS)
def test_a_monitor_may_call_the_site_by_any_name_and_gets_no_cookie(monitor: Visitor, path: str) -> None:
    page = monitor.open(path, headers={"Host": "10.1.2.3:8000"})
    assert page.status == 200
    assert "Set-Cookie" not in page.response.headers
    assert monitor.open("/login", headers={"Host": "10.1.2.3:8000"}).status == 400


def test_being_alive_costs_no_statement_whatever_cookie_comes(world: World, monitor: Visitor) -> None:
    monitor.client.set_cookie("sid", "A" * 43)
    assert cost(world, monitor, "/healthz") == []


def app_for(environment: dict[str, str], networks: str) -> Flask:
    settings = load_settings({**environment, "MFA_MONITORING_NETWORKS": networks})
    return application(settings, FakeClock())


def test_the_networks_can_be_set(environment: dict[str, str]) -> None:
    app = app_for(environment, "10.8.0.0/16, 2001:db8::/32")
    for address, status in {
        "10.8.3.4": 200,
        "2001:db8::7": 200,
        "::ffff:10.8.3.4": 200,
        "10.9.0.1": 404,
    }.items():
        assert Visitor(app, address=address).open("/healthz").status == status
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("wrong", ["everybody", "10.8.0.1/16", ",", "10.8.0.0/40"])
def test_a_wrong_network_stops_the_start(environment: dict[str, str], wrong: str) -> None:
    with pytest.raises(SettingError, match="MFA_MONITORING_NETWORKS must be a list of networks, such as"):
        app_for(environment, wrong)


def test_a_database_that_is_gone_is_told_and_the_process_lives(world: World, monitor: Visitor) -> None:
    with world.app.app_context():
        db.engine.dispose()
    file = world.app.config["SETTINGS"].instance_path / "second-gate.sqlite3"
    file.unlink()
    file.mkdir()
    page = monitor.open("/readyz")
    assert (page.status, list(lines(page))) == (503, ["database", "files"])
    assert monitor.open("/healthz").status == 200
    assert monitor.open("/metrics").status == 200


@both_databases
def test_missing_migrations_are_told(world: World, monitor: Visitor) -> None:
    with world.app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    assert hole(monitor, "migrations") == "The database is not ready for this version."


def test_keys_that_do_not_fit_are_told(world: World, monitor: Visitor) -> None:
    world.person("alice")
    put(world.app, Vault({"other": b"k" * keyring.DATA_KEY_BYTES}))
    assert hole(monitor, "keys").endswith("do not fit this database.")


def test_one_secret_that_was_changed_is_told_and_stops_nobody_else(world: World, monitor: Visitor) -> None:
    for name in ("alice", "bob"):
        world.linked_earlier(name)
    with world.data():
        alice, bob = (
            db.session.scalars(select(Authenticator).where(Authenticator.user_id == world.id_of(name))).one()
            for name in ("alice", "bob")
        )
        alice.sealed_secret = bob.sealed_secret
    sentence = hole(monitor, "keys")
    assert sentence.startswith("The secret of an authentication app was changed in the database")
    assert sentence.endswith(f"It is the app of person {world.id_of('alice')}.")
    assert world.log_in_and_wait("bob").open("/").path == "/"
    with world.app.app_context():
        assert startup_blocker(world.app.config["SETTINGS"]) is None
    assert world.app.test_cli_runner().invoke(args=["prepare"]).exit_code == 0


def test_a_trails_key_that_was_changed_keeps_the_site_from_starting_with_its_cause(
    world: World, monitor: Visitor
) -> None:
    world.linked_earlier("alice")
    with world.data():
        other = select(Authenticator.sealed_secret).scalar_subquery()
        db.session.execute(update(SealedValue).values(sealed=other))
    sentence = "The key of the audit trail in the database was changed: your keys open everything else."
    assert hole(monitor, "keys") == sentence
    with world.app.app_context():
        found = startup_blocker(world.app.config["SETTINGS"])
    assert found is not None
    assert found.problem is Problem.TRAIL_KEY_CHANGED
    result = world.app.test_cli_runner().invoke(args=["prepare"])
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_a_clock_that_was_set_back_is_told_until_it_has_caught_up(world: World, monitor: Visitor) -> None:
    world.person("alice")
    world.clock.advance(minutes=-4)
    assert monitor.open("/readyz").status == 200
    world.clock.advance(hours=-1)
    assert hole(monitor, "clock") == (
        "The clock shows 2026-03-02 07:56 UTC, but it was 2026-03-02 09:00 UTC already."
    )
    world.clock.advance(hours=1)
    assert monitor.open("/readyz").status == 200


def test_a_clock_before_the_site_was_written_is_told(world: World, monitor: Visitor) -> None:
    world.clock.advance(days=-365)
    assert hole(monitor, "clock").startswith("The clock shows 2025-03-02")


@on_postgresql
def test_a_clock_that_differs_from_that_of_the_database_server_is_told(
    world: World, monitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert monitor.open("/readyz").status == 200
    ahead = clock.system_time() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "system_time", lambda: ahead)
    here = f"This machine's clock shows {ahead:%Y-%m-%d %H:%M} UTC"
    shown = rf"{here}, but the database server's shows [\d: -]+ UTC\."
    assert re.fullmatch(shown, hole(monitor, "clock"))


@pytest.fixture
def refused_mail(world: World) -> None:
    """Let a mail wait that no server has taken."""
    world.person("alice")
    with world.data():
        outbox.enqueue(Mail.RESET, world.user("alice"), now=world.clock())
        db.session.flush()
        row = db.session.scalars(select(OutboxMail)).one()
        delivery.mark_failed(row, "refused", now=world.clock() + timedelta(days=1))


@pytest.mark.usefixtures("refused_mail")
def test_mails_that_nobody_takes_are_told_after_half_an_hour(world: World, monitor: Visitor) -> None:
    world.clock.advance(minutes=29)
    assert monitor.open("/readyz").status == 200
    world.clock.advance(minutes=2)
    assert hole(monitor, "outbox") == "1 email is stuck, the oldest since 2026-03-02 09:00 UTC."
    assert number(monitor, "second_gate_outbox_waiting") == 1


@pytest.mark.usefixtures("refused_mail")
def test_one_address_that_takes_no_mail_is_no_trouble_of_the_site(world: World, monitor: Visitor) -> None:
    world.clock.advance(minutes=31)
    world.link_and_wait("alice")
    assert world.mails("alice") == ["reset_second_factor", "linked"]
    assert monitor.open("/readyz").status == 200


@pytest.mark.usefixtures("refused_mail")
def test_a_recipient_that_is_refused_for_now_is_no_trouble_of_the_site(
    world: World, monitor: Visitor
) -> None:
    with world.data():
        refused = RecipientRefused("450 4.2.1 try later", permanent=False)
        delivery.mark_refused(db.session.scalars(select(OutboxMail)).one(), refused, now=world.clock())
    world.clock.advance(minutes=31)
    assert monitor.open("/readyz").status == 200


def test_a_trail_that_lost_its_anchored_row_is_told(world: World, monitor: Visitor) -> None:
    world.person("alice")
    anchors.file_of(world.app.config["SETTINGS"]).write_text(f"2026-03-01 9:{'a' * 64}\n")
    assert hole(monitor, "trail").startswith("Row 9 of the audit trail is not as it was anchored")


def test_sign_ins_codes_links_resets_and_throttling_are_counted(world: World, monitor: Visitor) -> None:
    names = {
        'sign_ins_total{result="accepted"}': 1,
        'sign_ins_total{result="wrong password"}': 5,
        'codes_total{result="wrong"}': 1,
        'codes_total{result="accepted"}': 1,
        'throttled_total{endpoint="auth.login"}': 1,
        "links_total": 1,
    }
    before = {name: number(monitor, f"second_gate_{name}") for name in names}
    world.linked_earlier("alice")
    alice = world.password_given("alice")
    alice.press("Log in", code=world.phones["alice"].wrong_code())
    alice.press("Log in", code=world.phones["alice"].code())
    eve = world.visitor()
    eve.open("/login")
    for _ in range(6):
        eve.press("Log in", email="alice@example.com", password="wrong")
    assert {name: number(monitor, f"second_gate_{name}") - before[name] for name in names} == names


def test_no_metric_tells_who_it_was(world: World, monitor: Visitor) -> None:
    world.linked_earlier("alice")
    carol = world.link_and_wait(world.person("carol").partition("@")[0])
    carol.open(f"/admin/people/{world.id_of('alice')}")
    text = monitor.open("/metrics").response.get_data(as_text=True)
    assert 'second_gate_request_seconds_count{endpoint="admin.user"}' in text
    assert not re.search(r"alice|carol|example\.com|192\.0\.2|/admin", text)
