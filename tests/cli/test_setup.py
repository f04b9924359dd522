"""`second-gate prepare` and `second-gate setup-link`: from an empty folder to the first administrator."""

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from mfa_app.cli.support.command import current_actor
from mfa_app.core.audit import search as trail
from mfa_app.core.keys.vault import Vault
from mfa_app.settings import PROJECT_ROOT
from tests.support.mail_server import free_port
from tests.support.site_parts import put
from tests.support.terminal import Shell, Typist, done, link_in, refused
from tests.support.world import PASSWORD, World


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_prepare_creates_everything_in_an_empty_folder(shell: Shell) -> None:
    code, output, errors = shell.flask("prepare")
    assert (code, errors) == (0, "")
    assert "Back that file up" in output
    assert link_in(output)
    assert mode(shell.folder) == 0o700
    assert {path.name: mode(path) for path in shell.folder.iterdir()} == {
        "keys": 0o600,
        "second-gate.sqlite3": 0o600,
    }
    code, output, errors = shell.flask(
        "users", "add", "alice@firma.local", "--password-stdin", stdin=PASSWORD
    )
    assert (code, output, errors) == (0, "alice@firma.local now has an account (Staff).\n", "")


def test_prepare_can_run_twice_at_the_same_time(shell: Shell) -> None:
    assert prepare_twice_at_once(shell) == [0, 0]
    with sqlite3.connect(shell.folder / "second-gate.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM site_policy").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM sealed_value").fetchone() == (1,)


@pytest.mark.postgres
def test_prepare_can_run_twice_at_the_same_time_on_postgresql(shell: Shell, postgresql: str) -> None:
    address = postgresql.replace("+psycopg", "")
    with psycopg.connect(address.format(name="postgres"), autocommit=True) as server:
        server.execute("CREATE DATABASE prepared_twice")
    shell.environment["MFA_DATABASE_URL"] = address.format(name="prepared_twice")
    assert prepare_twice_at_once(shell) == [0, 0]
    with psycopg.connect(shell.environment["MFA_DATABASE_URL"]) as database:
        assert database.execute("SELECT count(*) FROM sealed_value").fetchone() == (1,)


def prepare_twice_at_once(shell: Shell) -> list[int]:
    """Run `prepare` twice at the same time; return the exit codes."""
    command = ("flask", "--app", "wsgi", "prepare")
    with shell.start(*command) as one, shell.start(*command) as other:
        return [program.ended()[0] for program in (one, other)]


def test_the_set_up_link_leads_to_the_page_for_the_first_administrator(world: World, typed: Typist) -> None:
    visitor = world.visitor()
    assert visitor.open(link_in(done(typed("prepare")))).path == "/setup"


def test_prepare_prints_one_line_if_there_is_an_administrator(world: World, typed: Typist) -> None:
    world.person("carol")
    assert done(typed("prepare")) == "Second Gate is ready: http://127.0.0.1:8000\n"


def test_a_new_set_up_link_replaces_the_previous_one(world: World, typed: Typist) -> None:
    first, second = (link_in(done(typed("setup-link"))) for _ in range(2))
    assert world.visitor().open(first).status == 410
    assert world.visitor().open(second).path == "/setup"


def test_each_set_up_link_is_an_event_that_names_its_creator(world: World, typed: Typist) -> None:
    for command in ("prepare", "setup-link"):
        done(typed(command))
    assert world.events() == ["setup.link_made", "links.ended", "setup.link_made"]
    assert world.details("setup.link_made") == {}
    with world.data():
        assert trail.latest(1)[0].row.actor_name == current_actor().name


def test_a_set_up_link_is_refused_if_there_is_an_administrator(world: World, typed: Typist) -> None:
    world.person("carol")
    assert "already exists" in refused(typed("setup-link"))


def test_a_set_up_left_before_linking_goes_on_by_a_new_link(world: World, typed: Typist) -> None:
    carol = world.visitor()
    carol.open(link_in(done(typed("setup-link"))))
    fields = {"name": "Carol", "email": "carol@example.com", "password": PASSWORD}
    assert carol.press("Create the administrator", **fields).path == "/enrolment"
    said = done(typed("prepare"))
    assert "carol@example.com, the administrator, has no app or passkey yet." in said
    assert "setup-link" in said
    again = world.visitor()
    assert again.open(link_in(done(typed("setup-link")))).path == "/login/link"
    assert again.press("Continue", password=PASSWORD).path == "/enrolment"
    world.phones["carol"] = world.phone_that_scans(again.page)
    again.press("Enable", code=world.phones["carol"].code())
    assert "already exists" in refused(typed("setup-link"))


def test_a_command_without_tables_prints_how_to_create_them(shell: Shell) -> None:
    code, output, errors = shell.flask("users", "list")
    assert (code, output) == (1, "")
    assert errors == "The database is not ready for this version. Please run: second-gate prepare\n"


def test_an_unreachable_database_is_reported_without_its_password(shell: Shell) -> None:
    shell.flask("users", "list")  # makes the keys
    code, output, errors = shell.flask(
        "users", "list", MFA_DATABASE_URL="postgresql://site:hunter2@127.0.0.1:9/site"
    )
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert errors.startswith("Could not connect to the database site at 127.0.0.1: ")
    assert "hunter2" not in errors


NO_SUCH_ROLE, NO_SUCH_DATABASE = 'role "wrong" does not exist', 'database "wrong" does not exist'


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("name", "user", "host", "reason"),
    [
        ("wrong", "postgres", "", NO_SUCH_DATABASE),
        ("postgres", "wrong", "", NO_SUCH_ROLE),
        ("postgres", "postgres", "no.such.host.invalid", "failed to resolve host 'no.such.host.invalid'"),
        ("postgres", "postgres", "127.0.0.1:9", "Connection refused"),
    ],
)
def test_the_first_start_gives_the_databases_own_reason(
    shell: Shell, postgresql: str, name: str, user: str, host: str, reason: str
) -> None:
    address = postgresql.format(name=name).replace("postgres@", f"{user}:hunter2@{host}")
    shell.environment["MFA_DATABASE_URL"] = address.partition("?")[0] if host else address
    for command in ("prepare", "doctor") if reason is NO_SUCH_DATABASE else ("prepare",):
        code, output, errors = shell.flask(command)
        assert (code, output, errors.count("\n")) == (1, "", 1)
        assert errors.startswith(f"Could not use the database {name} at ")
        assert reason in errors
        assert "hunter2" not in errors
        assert "backup" not in errors


@pytest.fixture(scope="module")
def other_encoding(postgresql: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database with an encoding that can't hold every name."""
    with psycopg.connect(
        postgresql.format(name="postgres").replace("+psycopg", ""), autocommit=True
    ) as server:
        server.execute(
            f"CREATE DATABASE other_encoding ENCODING '{request.param}' LOCALE 'C' TEMPLATE template0"
        )
        yield postgresql.format(name="other_encoding")
        server.execute("DROP DATABASE other_encoding WITH (FORCE)")


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("other_encoding", "keys"), [("SQL_ASCII", True), ("LATIN1", False)], indirect=["other_encoding"]
)
def test_a_database_with_another_encoding_is_refused(
    shell: Shell, other_encoding: str, keys: bool, request: pytest.FixtureRequest
) -> None:
    if keys:
        shell.flask("users", "list")  # makes them
    encoding = request.node.callspec.params["other_encoding"]
    shell.environment["MFA_DATABASE_URL"] = other_encoding
    code, output, errors = shell.flask("prepare")
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert encoding in errors
    assert "UTF8" in errors
    port = str(free_port())
    code, _output, errors = shell.run("gunicorn", "--config", "gunicorn.conf.py", "wsgi:app", PORT=port)
    assert code != 0
    assert encoding in errors
    assert "Traceback" not in errors


@pytest.mark.postgres
def test_a_database_that_belongs_to_somebody_else_gives_its_own_reason(shell: Shell, postgresql: str) -> None:
    administrator = postgresql.format(name="postgres").replace("+psycopg", "")
    with psycopg.connect(administrator, autocommit=True) as server:
        server.execute("CREATE ROLE stranger LOGIN")
        shell.environment["MFA_DATABASE_URL"] = administrator.replace("postgres@", "stranger@")
        code, output, errors = shell.flask("prepare")
        server.execute("DROP ROLE stranger")
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert "permission denied for schema public" in errors


def test_a_database_of_a_newer_version_is_refused(world: World, typed: Typist) -> None:
    folder = world.settings.instance_path
    with sqlite3.connect(folder / "second-gate.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer version" in refused(typed("prepare"))


def test_keys_that_do_not_match_the_database_are_reported(world: World, typed: Typist) -> None:
    world.person("alice")
    put(world.app, Vault({"another": bytes(32)}))
    assert "do not fit this database" in refused(typed("prepare"))
    assert "do not fit this database" in refused(typed("users", "disable", "alice@example.com"))


def test_a_wrong_setting_stops_commands_and_server_with_one_sentence(shell: Shell) -> None:
    sentence = "MFA_PUBLIC_URL must be a web address, such as https://login.example.com.\n"
    server = ("gunicorn", "--config", str(PROJECT_ROOT / "gunicorn.conf.py"), "wsgi:app")
    for command in (("flask", "--app", "wsgi", "prepare"), server):
        assert shell.run(*command, MFA_PUBLIC_URL="ftp://x") == (1, "", sentence)
        unknown = "MFA_HELPEMAIL is not a setting. Did you mean MFA_HELP_EMAIL?\n"
        assert shell.run(*command, MFA_HELPEMAIL="help@example.com") == (1, "", unknown)
        workers = "WEB_CONCURRENCY must be a whole number from 1 to 64.\n"
        assert shell.run(*command, WEB_CONCURRENCY="65") == (1, "", workers)


def test_a_key_that_cannot_be_read_stops_the_server_with_one_sentence(shell: Shell) -> None:
    code, output, errors = shell.run("gunicorn", "wsgi:app", MFA_DATA_KEYS="nonsense")
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert errors.startswith("MFA_DATA_KEYS must be a list")
