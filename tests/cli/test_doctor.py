"""`second-gate doctor`: problems with their cures; the exit code is 1 only if something is wrong."""

import os
import socket
import ssl
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import delete

from mfa_app.cli.doctor import code, files, mail, network, ntp
from mfa_app.cli.doctor.finding import Finding
from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import clock
from mfa_app.core.common.actor import Actor
from mfa_app.core.factors import registry
from mfa_app.core.keys import keyring
from mfa_app.core.keys.vault import vault
from mfa_app.core.mail import outbox
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.mail.smtp import IN_BACKGROUND, Patience
from mfa_app.core.operations import health_checks, site_values
from mfa_app.core.users import account_lock
from mfa_app.extensions import db
from mfa_app.models import CohortCount, OutboxMail, Passkey
from mfa_app.settings import PROJECT_ROOT, Settings, load_settings
from tests.support.applications import application
from tests.support.authenticator import Authenticator
from tests.support.clock import FakeClock
from tests.support.databases import on_postgresql
from tests.support.mail_server import Mailbox, free_port, running_mail_server
from tests.support.passkeys import send_passkey
from tests.support.terminal import done
from tests.support.world import PASSWORD, TERMINAL, World


@pytest.fixture(scope="module")
def mail_server() -> Iterator[Mailbox]:
    """A mail server that lets nobody log in."""
    with running_mail_server(free_port()) as box:
        yield box


@pytest.fixture
def postbox(mail_server: Mailbox) -> Mailbox:
    """The same without any mails."""
    mail_server.messages.clear()
    return mail_server


@pytest.fixture
def carol_linked(world: World) -> None:
    """An administrator and codes, made before anything is replaced that forbids a kept beginning."""
    world.linked_earlier("carol")
    world.break_glass_codes()


@pytest.fixture
def timedatectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `timedatectl` that comes first on the PATH and says that the clock is synchronised by NTP."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "timedatectl"
    program.write_text("#!/bin/sh\necho yes\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return program


@pytest.fixture
def healthy(
    carol_linked: None, environment: dict[str, str], postbox: Mailbox, timedatectl: Path
) -> dict[str, str]:
    """The settings of a site with an administrator and a mail server, and without problems."""
    folder = Path(environment["MFA_INSTANCE_PATH"])
    folder.chmod(0o700)
    for path in filter(Path.is_file, folder.iterdir()):
        path.chmod(0o600)
    named = {**environment, "MFA_SITE_NAME": "Tulip Street"}
    return {**named, "MFA_SMTP_URL": f"smtp://127.0.0.1:{postbox.port}"}


def doctor(environment: dict[str, str], *, patience: Patience = IN_BACKGROUND, **settings: str) -> Result:
    """Run the doctor with these settings."""
    given = load_settings({**environment, **settings})
    app = application(given, FakeClock(), MAIL_PATIENCE=patience)
    result = app.test_cli_runner().invoke(args=["doctor"])
    with app.app_context():
        db.engine.dispose()
    return result


def the_problem(result: Result) -> str:
    """Return the only problem and its cure."""
    assert (result.exit_code, result.stderr) == (1, "1 problem.\n"), result.output
    return entry(result, "WRONG")


def the_warning(result: Result) -> str:
    """Return the only warning and its cure."""
    assert done(result).endswith("No problems, 1 warning.\n"), result.output
    return entry(result, "warning")


def entry(result: Result, word: str) -> str:
    lines = result.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(word))
    return " ".join(" ".join(lines[start : start + 2]).split())


def test_a_healthy_site_has_no_problems_and_no_email_is_sent(
    healthy: dict[str, str], postbox: Mailbox, world: World
) -> None:
    with world.data():
        outbox.enqueue(Mail.RESET, world.user("carol"), now=world.clock())
    output = done(doctor(healthy))
    assert output.count("ok  ") == 8
    assert output.endswith("No problems, 0 warnings.\n")
    assert postbox.messages == []
    assert world.count(OutboxMail, OutboxMail.sent_at.is_(None)) == 1


def test_an_unprepared_folder_gets_the_command_to_run(tmp_path: Path) -> None:
    result = doctor({"MFA_INSTANCE_PATH": str(tmp_path / "new")})
    assert result.exit_code == 1
    assert "The database is not ready for this version." in result.stdout
    assert "Please run: second-gate prepare" in result.stdout


def test_wrong_counts_of_people_get_the_command_that_counts_again(
    healthy: dict[str, str], world: World
) -> None:
    with world.data():
        db.session.execute(delete(CohortCount))
    warning = the_warning(doctor(healthy))
    assert "1 count of people is wrong" in warning
    assert "groups recount" in warning


def test_passkeys_of_another_host_are_counted(healthy: dict[str, str], world: World) -> None:
    world.person("alice")
    send_passkey(world.password_given("alice"), Authenticator())
    assert "passkey" not in doctor(healthy).output
    with world.data():
        db.session.query(Passkey).update({"rp_id": "old.example.com"})
    assert "1 passkey doesn't work: it was made for another host" in doctor(healthy).output


def test_a_site_without_administrators_is_a_problem(healthy: dict[str, str], world: World) -> None:
    world.person("dave", role="admin")
    with world.data():
        for name in ("carol", "dave"):
            world.user(name).role = "staff"
    assert the_problem(doctor(healthy)).startswith(
        "WRONG There is no administrator. To create the first, run:"
    )


@pytest.mark.parametrize(
    ("password", "link_required", "cure"),
    [
        (PASSWORD, False, "Please run: second-gate users app-link dave@example.com"),
        (PASSWORD, True, "Ask this person to log in and set one up."),
        (None, False, "Please run: second-gate users invite dave@example.com"),
    ],
)
def test_a_privileged_account_without_an_app_is_a_warning(
    healthy: dict[str, str], world: World, password: str | None, link_required: bool, cure: str
) -> None:
    world.person("alice")
    world.person("dave", password=password)
    with world.data():
        world.user("dave").link_required = link_required
    said = the_warning(doctor(healthy))
    assert "dave@example.com (Help desk) has no app or passkey yet." in said
    assert said.endswith(cure)


@pytest.mark.parametrize("name", ["keys", "second-gate.sqlite3", "settings.toml", "monday.dump"])
def test_files_that_others_can_read_are_a_problem(healthy: dict[str, str], name: str) -> None:
    path = Path(healthy["MFA_INSTANCE_PATH"]) / name
    path.touch()
    path.chmod(0o644)
    assert the_problem(doctor(healthy)) == (
        f"WRONG {path} can be read by other users of this machine. Please run: chmod 600 {path}"
    )


def test_an_outbox_that_others_can_open_is_a_problem(healthy: dict[str, str]) -> None:
    path = Path(healthy["MFA_INSTANCE_PATH"]) / "outbox"
    path.chmod(0o755)
    assert f"Please run: chmod 700 {path}" in the_problem(doctor(healthy))


def test_the_services_group_may_read_the_settings(healthy: dict[str, str]) -> None:
    path = Path(healthy["MFA_INSTANCE_PATH"]) / "settings.toml"
    path.touch()
    path.chmod(0o640)
    done(doctor(healthy))


def test_an_instance_folder_that_others_can_open_is_a_warning(healthy: dict[str, str]) -> None:
    Path(healthy["MFA_INSTANCE_PATH"]).chmod(0o755)
    assert "Please run: chmod 700" in the_warning(doctor(healthy))


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("smtp://127.0.0.1:9", "Connection refused"),
        ("smtp+starttls://{}", "STARTTLS extension not supported by server"),
        ("smtp://eve:hunter2@{}", "Authentication credentials invalid"),
    ],
)
def test_a_mail_server_that_fails_is_a_problem(
    healthy: dict[str, str], postbox: Mailbox, address: str, reason: str
) -> None:
    result = doctor(healthy, MFA_SMTP_URL=address.format(f"127.0.0.1:{postbox.port}"))
    problem = the_problem(result)
    assert problem.startswith("WRONG Could not connect to the mail server: ")
    assert reason in problem
    assert "hunter2" not in result.output


def test_a_mail_server_that_never_answers_is_a_problem(healthy: dict[str, str]) -> None:
    """The doctor waits as long as the mailer does."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        result = doctor(healthy, patience=Patience(timedelta(seconds=0.1)), MFA_SMTP_URL=address)
    problem = the_problem(result)
    assert problem.startswith("WRONG Could not connect to the mail server: ")
    assert "timed out" in problem


def test_the_doctor_says_what_it_is_waiting_for(
    healthy: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "NOTICE_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        result = doctor(healthy, patience=Patience(timedelta(seconds=0.5)), MFA_SMTP_URL=address)
    assert "Waiting for the mail server. It has 1 minute for each answer." in result.stderr


@pytest.mark.parametrize(
    ("address", "cure"),
    [
        ("smtp://127.0.0.1:9", "Check host and port in MFA_SMTP_URL"),
        ("smtp://no-such-host.invalid", "this machine finds no address for it"),
        ("smtp+starttls://{}", "smtp+starttls:// for STARTTLS (mostly port 587)"),
        ("smtps://{}", "smtps:// for TLS from the start (mostly port 465)"),
        ("smtp://eve:hunter2@{}", "@ is written as %40"),
        ("smtp://eve:gr%C3%BCn@{}", "@ is written as %40"),
    ],
)
def test_each_failure_of_the_mail_server_has_its_own_cure(
    healthy: dict[str, str], postbox: Mailbox, address: str, cure: str
) -> None:
    result = doctor(healthy, MFA_SMTP_URL=address.format(f"127.0.0.1:{postbox.port}"))
    assert cure in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        (18, "your company's own CA"),
        (20, "run update-ca-certificates"),
        (62, "name the mail server as its certificate does"),
        (64, "name the mail server as its certificate does"),
        (10, "Renew the mail server's certificate"),
    ],
)
def test_a_certificate_that_is_refused_gets_the_cure_for_its_reason(app: Flask, code: int, cure: str) -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    with app.test_request_context():
        assert cure in mail._cure(error, "MFA_SMTP_URL")


def test_the_doctor_finishes_whatever_a_check_meets(
    healthy: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_settings: Settings) -> Iterator[Finding]:
        raise UnicodeError("nobody\nforesaw this")
        yield

    monkeypatch.setattr(files, "findings", broken)
    problem = the_problem(doctor(healthy))
    assert problem.startswith("WRONG A check could not be finished: UnicodeError: nobody foresaw this")
    monkeypatch.setattr(health_checks, "run_checks", lambda *_, **__: 1 / 0)
    result = doctor(healthy)
    assert "ZeroDivisionError" in result.stdout
    assert result.stderr == "2 problems.\n"


def test_https_without_a_trusted_proxy_is_a_warning(healthy: dict[str, str]) -> None:
    result = doctor(healthy, MFA_PUBLIC_URL="https://login.example.com")
    assert "Set MFA_TRUSTED_PROXY_HOPS=1" in the_warning(result)
    done(doctor(healthy, MFA_PUBLIC_URL="https://login.example.com", MFA_TRUSTED_PROXY_HOPS="1"))


def test_a_trusted_proxy_for_a_local_site_is_a_warning(healthy: dict[str, str]) -> None:
    assert "1 proxy is trusted" in the_warning(doctor(healthy, MFA_TRUSTED_PROXY_HOPS="1"))


BEHIND_TLS = {"MFA_PUBLIC_URL": "https://login.example.com", "MFA_TRUSTED_PROXY_HOPS": "2"}


def record_visitors_from(world: World, *addresses: str) -> None:
    """Put visitors with these IP addresses on the trail."""
    with world.data():
        for address in addresses:
            actor = Actor("visitor", ip_address=address)
            record(Event.PASSWORD_RESET_REQUESTED, actor=actor, subject=world.user("carol"))


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.7", "fd00::7", "[fd00::7]:4711", "203.0.114.5:"]
)
def test_one_private_ip_address_for_all_visitors_is_a_warning(
    healthy: dict[str, str], world: World, address: str
) -> None:
    record_visitors_from(world, "198.51.100.9", *[address] * 50)
    output = the_warning(doctor(healthy, **BEHIND_TLS))
    assert f"The last 50 events of people on the audit trail all come from {address}" in output
    assert "MFA_TRUSTED_PROXY_HOPS=2 must be the number of proxies" in output


def test_few_visitors_or_several_ip_addresses_give_no_warning(healthy: dict[str, str], world: World) -> None:
    record_visitors_from(world, *["127.0.0.1"] * 19)
    assert done(doctor(healthy, **BEHIND_TLS))
    record_visitors_from(world, *["10.0.0.7", "10.0.0.8"] * 10)
    assert "0 warnings" in done(doctor(healthy, **BEHIND_TLS))
    record_visitors_from(world, *["203.0.114.5"] * 50)
    assert "0 warnings" in done(doctor(healthy, **BEHIND_TLS))


@pytest.mark.parametrize(
    ("name", "address", "sentence", "is_wrong"),
    [
        ("SMTP_URL", "smtp://mail.example.com", "Emails go to mail.example.com unencrypted", True),
        (
            "DATABASE_URL",
            "postgresql://db.example.com/x",
            "db.example.com may be without TLS",
            True,
        ),
        ("DATABASE_URL", "postgresql:///x?host=db.example.com&sslmode=allow", "without TLS", True),
        (
            "DATABASE_URL",
            "postgresql://db.example.com/x?sslmode=require",
            "not verify the server",
            False,
        ),
        (
            "DATABASE_URL",
            "postgresql://db.example.com/x?sslmode=verify-ca",
            "not verify the server",
            False,
        ),
    ],
)
def test_unencrypted_connections_to_other_machines_are_reported(
    healthy: dict[str, str], world: World, name: str, address: str, sentence: str, is_wrong: bool
) -> None:
    with world.data():
        (found,) = network.unencrypted(load_settings({**healthy, f"MFA_{name}": address}))
    assert sentence in found.sentence
    assert found.wrong == is_wrong


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("SMTP_URL", "smtp+starttls://mail.example.com"),
        ("SMTP_URL", "smtps://mail.example.com"),
        ("SMTP_URL", "smtp://[::1]"),
        ("DATABASE_URL", "postgresql://db.example.com/x?sslmode=verify-full"),
        ("DATABASE_URL", "postgresql://127.0.0.1/x"),
        ("DATABASE_URL", "postgresql:///x?host=/run/postgresql"),
    ],
)
def test_encrypted_and_local_connections_are_fine(
    healthy: dict[str, str], world: World, name: str, address: str
) -> None:
    with world.data():
        assert not list(network.unencrypted(load_settings({**healthy, f"MFA_{name}": address})))


def test_a_stored_password_that_no_key_opens_is_a_problem(healthy: dict[str, str], world: World) -> None:
    with world.data():
        site_values.store({"smtp_url": "smtp://gate@127.0.0.1:9"}, actor=TERMINAL)
    problem = the_problem(doctor(healthy, MFA_SMTP_URL=""))
    assert "The password of the mail server can't be read with these keys" in problem
    assert "Enter it again under Administration, Site." in problem
    with world.data():
        site_values.store({"smtp_url": "smtp://127.0.0.1:9"}, actor=TERMINAL)
    cure = "Check host and port in the mail settings on the page “Site”"
    assert cure in the_problem(doctor(healthy, MFA_SMTP_URL=""))


def test_a_clock_without_ntp_is_a_warning(healthy: dict[str, str], timedatectl: Path) -> None:
    timedatectl.write_text("#!/bin/sh\necho no\n")
    assert "Please run: timedatectl set-ntp true" in the_warning(doctor(healthy))
    timedatectl.write_text("#!/bin/sh\necho yes\n")
    assert "0 warnings" in done(doctor(healthy))


@pytest.mark.parametrize("script", ["echo yes; exit 1", "echo perhaps"])
def test_no_answer_about_ntp_gives_no_warning(
    healthy: dict[str, str], timedatectl: Path, script: str
) -> None:
    timedatectl.write_text(f"#!/bin/sh\n{script}\n")
    assert ntp.is_synchronised() is None
    assert "0 warnings" in done(doctor(healthy))


def test_a_machine_without_timedatectl_gives_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ntp.is_synchronised() is None


def test_timedatectl_can_be_asked_on_this_machine() -> None:
    assert ntp.is_synchronised() in (True, False, None)


def test_no_contact_and_no_mail_server_are_warnings(healthy: dict[str, str]) -> None:
    assert "Or set MFA_SMTP_URL." in the_warning(doctor(healthy, MFA_SMTP_URL=""))
    assert "told whom to contact" in the_warning(doctor(healthy, MFA_ADMIN_EMAIL=""))


def test_an_unfinished_key_rotation_is_a_warning(healthy: dict[str, str], world: World) -> None:
    with world.data():
        keyring.add_data_key(world.settings, in_use=set(vault().identifiers))
    assert "Finish the rotation: second-gate keys rotate" in the_warning(doctor(healthy))


def test_the_default_name_is_a_warning(healthy: dict[str, str]) -> None:
    assert "Set MFA_SITE_NAME" in the_warning(doctor(healthy, MFA_SITE_NAME="Second Gate"))


def test_a_locked_administrator_is_a_warning(healthy: dict[str, str], world: World) -> None:
    with world.data():
        registry.lock(world.user("carol"), now=world.clock())
    assert "Please run: second-gate users reset-2fa carol@example.com" in the_warning(doctor(healthy))


def test_an_administrator_who_has_locked_their_account_is_a_warning(
    healthy: dict[str, str], world: World
) -> None:
    with world.data():
        account_lock.lock_for(world.user("carol"), actor=TERMINAL, now=world.clock())
    assert "second-gate users unlock carol@example.com" in the_warning(doctor(healthy))


@on_postgresql
def test_a_clock_that_differs_from_the_databases_is_a_problem(
    healthy: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = clock.system_time() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "system_time", lambda: ahead)
    assert "Set both by NTP" in the_problem(doctor(healthy))


@pytest.mark.parametrize("name", ["anchors", "outbox", "running.lock"])
def test_a_file_that_another_user_left_behind_is_a_problem(healthy: dict[str, str], name: str) -> None:
    folder = Path(healthy["MFA_INSTANCE_PATH"])
    path = folder / name
    if not path.exists():
        path.touch(mode=0o600)
    try:
        os.chown(path, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give a file away")
    assert f"Please run: chown --reference={folder.resolve()} {path}" in the_problem(doctor(healthy))


@pytest.mark.parametrize(
    ("free", "word"), [(2000 * 256, None), (1000 * 256, "warning"), (15 * 256, "WRONG"), (0, "WRONG")]
)
def test_a_disk_without_room_is_named(
    healthy: dict[str, str], monkeypatch: pytest.MonkeyPatch, free: int, word: str | None
) -> None:
    size = 100_000 * 256
    room = os.statvfs_result((4096, 4096, size, free, free, 1000, 1000, 1000, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _folder: room)
    result = doctor(healthy)
    folder = Path(healthy["MFA_INSTANCE_PATH"]).resolve()
    sentence = f"The disk of {folder} has only {free // 256} MiB of 100000 MiB free."
    assert (sentence in result.stdout) == (word is not None)
    assert word is None or entry(result, word).startswith(f"{word} {sentence}")


@pytest.fixture
def run_by_a_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The site as a service runs it. Its code lies in the folder returned, which the same user owns."""
    monkeypatch.setattr(code, "SYSTEM_USERS", [os.geteuid()])
    monkeypatch.setattr(code, "PROJECT_ROOT", tmp_path)
    monkeypatch.setattr(sys, "prefix", "/usr")
    return tmp_path


def test_code_that_the_service_can_change_is_a_warning(
    healthy: dict[str, str], run_by_a_service: Path
) -> None:
    text = doctor(healthy).stdout
    assert f"The service can change {run_by_a_service}, and root runs what is in it." in text
    assert "Code that belongs to the service" in text
    heading = "### Code that belongs to the service\n"
    assert heading in (PROJECT_ROOT / "docs" / "operating.md").read_text("utf-8")


def test_code_of_a_person_who_runs_the_site_is_no_problem(
    healthy: dict[str, str], run_by_a_service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code, "SYSTEM_USERS", [])
    assert "The service can change" not in done(doctor(healthy))
