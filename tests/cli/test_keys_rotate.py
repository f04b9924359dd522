"""`second-gate keys`: re-encrypting all secrets while people log in; and keys that do not match."""

import json
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from mfa_app import create_app
from mfa_app.core.keys import keyring
from mfa_app.core.keys.vault import vault
from mfa_app.core.operations import key_rotation
from mfa_app.extensions import db
from mfa_app.models import OutboxMail, Throttle
from mfa_app.models.column_types import new_id
from mfa_app.settings import load_settings
from tests.support.authenticator import Authenticator
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.mail_server import free_port
from tests.support.passkeys import alone_of_alice, asked_of_anyone, asked_to_answer
from tests.support.stories import alice_remembered
from tests.support.terminal import Shell, Typist, done, refused
from tests.support.variables import CHEAP
from tests.support.waiting import wait_until
from tests.support.world import PASSWORD, World


def keys_in_file(world: World) -> list[str]:
    """Return the ids of the data keys in the file, the current one first."""
    stored = json.loads(keyring.file_of(world.settings).read_text("utf-8"))
    return [entry.partition(":")[0] for entry in stored["data_keys"].split(",")]


def count_by_key(world: World) -> dict[str, int]:
    with world.data():
        return key_rotation.keys_in_use()


def write_emails(world: World, count: int) -> None:
    """Put encrypted rows into the outbox, so that a rotation takes several batches."""
    with world.data():
        for _ in range(count):
            row = OutboxMail(id=new_id(), to="a@example.com", template="linked", created_at=world.clock())
            row.sealed_context = vault().seal("{}", row.seal_context)
            db.session.add(row)


@both_databases
def test_all_secrets_are_re_encrypted_and_everyone_can_log_in(world: World, typed: Typist) -> None:
    for name in ("alice", "carol"):
        world.linked_earlier(name)
    before = count_by_key(world)
    assert f"{sum(before.values())} secrets re-encrypted" in done(typed("keys", "rotate"))
    current, old = keys_in_file(world)
    assert {old: sum(before.values())} == before
    assert count_by_key(world) == {current: sum(before.values())}
    assert world.log_in_and_wait("alice").open("/").path == "/"
    assert world.details("keys.rotated")["key"] == current


def test_the_file_keeps_the_previous_two_keys(world: World, typed: Typist) -> None:
    generations = [keys_in_file(world)[0]]
    for _ in range(3):
        done(typed("keys", "rotate"))
        generations.insert(0, keys_in_file(world)[0])
    assert keys_in_file(world) == generations[:3]


def test_the_next_rotation_re_encrypts_what_was_sealed_meanwhile(world: World, typed: Typist) -> None:
    old_file = keyring.file_of(world.settings).read_bytes()
    done(typed("keys", "rotate"))
    new_file = keyring.file_of(world.settings).read_bytes()
    keyring.file_of(world.settings).write_bytes(old_file)
    write_emails(world, 1)
    keyring.file_of(world.settings).write_bytes(new_file)
    with world.data():
        vault().refresh()
    output = done(typed("keys", "rotate"))
    assert "unfinished rotation" in output
    assert "1 secret re-encrypted" in output
    assert list(count_by_key(world)) == keys_in_file(world)[:1]


def test_a_killed_rotation_continues_where_it_stopped(
    world: World, typed: Typist, environment: dict[str, str]
) -> None:
    world.linked_earlier("alice")
    write_emails(world, 250)
    folder = Path(environment["MFA_INSTANCE_PATH"])
    with (
        blocked_at_the_last_email(folder),
        Shell(folder).start("flask", "--app", "wsgi", "keys", "rotate") as one,
    ):
        wait_until(lambda: len(count_by_key(world)) > 1 or one.poll() is not None)
        one.send(signal.SIGKILL)
    left = count_by_key(world)
    assert len(left) == 2
    assert "unfinished rotation" in done(typed("keys", "rotate"))
    assert count_by_key(world) == {keys_in_file(world)[0]: sum(left.values())}
    assert len(keys_in_file(world)) == 2
    assert world.log_in_and_wait("alice").open("/").path == "/"


@contextmanager
def blocked_at_the_last_email(folder: Path) -> Iterator[None]:
    """Make the change of the last email take for ever, so that its process is killed in the middle."""
    with closing(sqlite3.connect(folder / "second-gate.sqlite3")) as database:
        database.executescript(
            "CREATE VIEW endless AS "
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c;"
            "CREATE TRIGGER blocked BEFORE UPDATE ON outbox_mail "
            "WHEN NEW.id = (SELECT max(id) FROM outbox_mail) BEGIN SELECT count(*) FROM endless; END"
        )
        yield
        database.executescript("DROP TRIGGER blocked; DROP VIEW endless")


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, logged out, in a browser that is known and remembered, with the login page open."""
    return world.after(alice_remembered)


def after_a_restart(world: World, environment: dict[str, str], visitor: Visitor) -> Visitor:
    """Restart the site with the current keys; return the same browser on the same page."""
    settings = load_settings(environment)
    app = create_app(settings, MAIL_IN_BACKGROUND=False, CLOCK=world.clock, PASSWORD_HASH_COST=CHEAP)
    world.app, restarted = app, Visitor(app)
    restarted.page = visitor.page
    for cookie in visitor.client._cookies.values():
        restarted.client.set_cookie(cookie.key, cookie.value)
    return restarted


def test_cookies_stay_valid_after_a_new_signing_key(
    world: World, typed: Typist, environment: dict[str, str], alice: Visitor
) -> None:
    assert "Restart the site now" in done(typed("keys", "rotate", "--signing"))
    alice = after_a_restart(world, environment, alice)
    page = alice.press("Log in", email="alice@example.com", password="not the right one at all")
    assert (page.status, page.path) == (400, "/login")
    assert world.count(Throttle, Throttle.key.startswith("known:")) == 1
    assert alice.press("Log in", email="alice@example.com", password=PASSWORD).path == "/"
    assert world.details("login.completed") == {"method": "remembered device"}
    assert world.details("keys.signing_replaced") == {}


def test_an_open_one_time_link_survives_a_new_signing_key(
    world: World, typed: Typist, environment: dict[str, str], alice: Visitor
) -> None:
    alice.open("/password/forgotten")
    alice.press("Send the link", email="alice@example.com")
    alice.open(world.link_in_last_mail())
    done(typed("keys", "rotate", "--signing"))
    alice = after_a_restart(world, environment, alice)
    assert alice.press("Save password", password="eleven slow trams across the bridge").path == "/login"


def test_without_the_old_signing_key_a_code_is_required(
    world: World, typed: Typist, environment: dict[str, str], alice: Visitor
) -> None:
    first = secret_keys(world)
    for _ in range(2):
        done(typed("keys", "rotate", "--signing"))
    assert len(secret_keys(world)) == 2
    assert not set(first) & set(secret_keys(world))
    alice = after_a_restart(world, environment, alice)
    assert alice.press("Log in", email="alice@example.com", password=PASSWORD).status == 400
    assert world.password_given("alice", alice).page.path == "/login/code"
    alice.press("Log in", code=world.phones["alice"].code())
    assert world.details("login.completed") == {"method": "code"}


@pytest.fixture
def device(world: World) -> Authenticator:
    """The authenticator of alice of Finance, with a passkey that may log in alone."""
    return alone_of_alice(world)


def test_a_passkey_answers_a_question_of_before_the_new_signing_key(
    world: World, typed: Typist, environment: dict[str, str], device: Authenticator
) -> None:
    alice = world.password_given("alice")
    answer = device.answer(asked_to_answer(alice))
    done(typed("keys", "rotate", "--signing"))
    alice = after_a_restart(world, environment, alice)
    assert alice.submit("/login/passkey", credential=answer).path == "/"


def test_a_passkey_alone_answers_such_a_question_once(
    world: World, typed: Typist, environment: dict[str, str], device: Authenticator
) -> None:
    alice = world.visitor()
    alice.open("/login")
    answer = device.answer(asked_of_anyone(alice))
    done(typed("keys", "rotate", "--signing"))
    alice = after_a_restart(world, environment, alice)
    eve = alice.copy()
    assert alice.submit("/login/passkey-alone", credential=answer).path == "/"
    assert eve.submit("/login/passkey-alone", credential=answer).path == "/login"
    assert world.details("code.refused")["reason"] == "replayed"


def test_a_question_of_a_signing_key_that_is_gone_counts_no_more(
    world: World, typed: Typist, environment: dict[str, str], device: Authenticator
) -> None:
    answer = device.answer(asked_of_anyone(world.visitor()))
    for _ in range(2):
        done(typed("keys", "rotate", "--signing"))
    eve = after_a_restart(world, environment, world.visitor())
    eve.open("/login")
    assert eve.submit("/login/passkey-alone", credential=answer).path == "/login"
    assert world.details("code.refused")["reason"] == "challenge"


def secret_keys(world: World) -> list[str]:
    return keyring.load_keys(world.settings).secret_keys


def test_a_signing_key_in_the_environment_is_not_replaced(app_under: Callable[..., Flask]) -> None:
    app = app_under(MFA_SECRET_KEY="s" * 40)
    file = keyring.file_of(app.config["SETTINGS"])
    before = file.read_bytes()
    sentence = refused(app.test_cli_runner().invoke(args=["keys", "rotate", "--signing"]))
    assert sentence.startswith("The key that signs is set in MFA_SECRET_KEY. Put a new one and a comma")
    assert file.read_bytes() == before


def test_a_second_rotation_at_the_same_time_is_refused(world: World, typed: Typist) -> None:
    before = keys_in_file(world)
    with keyring.lock_rotation(world.settings):
        assert refused(typed("keys", "rotate")).startswith("Someone else is rotating the keys.")
    assert keys_in_file(world) == before


def test_the_list_says_what_each_key_does(world: World, typed: Typist) -> None:
    world.person("alice")
    done(typed("keys", "rotate"))
    (current, old), output = keys_in_file(world), done(typed("keys", "list"))
    assert f"{current}  1        encrypts and decrypts\n" in output
    assert f"{old}  0        decrypts only\n" in output


def test_keys_from_the_environment_are_changed_there(app_under: Callable[..., Flask]) -> None:
    def under(keys: str, *words: str) -> Result:
        return app_under(MFA_DATA_KEYS=keys).test_cli_runner().invoke(args=words)

    first, second = keyring.new_data_key(), keyring.new_data_key()
    done(under(first, "prepare"))
    sentence = refused(under(first, "keys", "rotate"))
    assert sentence.startswith(
        "The data keys are set in MFA_DATA_KEYS. Put a new one before the others there"
    )
    assert "1 secret re-encrypted" in done(under(f"{second},{first}", "keys", "rotate"))


def test_missing_keys_are_never_replaced_by_new_ones(environment: dict[str, str], world: World) -> None:
    world.linked_earlier("alice")
    keyring.file_of(world.settings).unlink()
    shell = Shell(Path(environment["MFA_INSTANCE_PATH"]))
    server = ("gunicorn", "--config", "gunicorn.conf.py", "wsgi:app")
    for command in (("flask", "--app", "wsgi", "prepare"), server):
        code, output, errors = shell.run(*command, PORT=str(free_port()))
        assert (code, output, errors.count("\n")) == (1, "", 1)
        assert "Put back the file keys from your backup" in errors
    assert not keyring.file_of(world.settings).exists()


def served(shell: Shell) -> tuple[int, str, str]:
    """Start the server on a port of its own, since other tests start some too; return how it ended."""
    server = ("gunicorn", "--config", "gunicorn.conf.py", "wsgi:app")
    return shell.run(*server, PORT=str(free_port()))


def test_the_server_does_not_start_on_keys_that_do_not_fit(world: World) -> None:
    world.linked_earlier("alice")
    shell = Shell(world.settings.instance_path)
    stored = {"secret_key": "x" * 40, "data_keys": keyring.new_data_key()}
    (shell.folder / "keys").write_text(json.dumps(stored))
    code, _output, errors = served(shell)
    assert code == 1
    assert errors.splitlines()[-1].startswith(f"The keys in {shell.folder}/keys do not fit this database.")


def test_the_server_does_not_start_before_the_tables_are_created(shell: Shell) -> None:
    code, _output, errors = served(shell)
    assert code == 1
    assert errors.splitlines()[-1] == (
        "The database is not ready for this version. Please run: second-gate prepare"
    )
