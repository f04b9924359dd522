"""Hashing and judging a password take long, so they never happen behind the first write of a transaction.

On SQLite all writers share one lock: whoever holds it over slow work lets everybody else wait.
"""

import ast
import inspect
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from mfa_app.core.common import errors
from mfa_app.core.login import link_step
from mfa_app.core.passwords import estimate, hashing
from mfa_app.core.passwords.hashing import HashCost, Hasher
from mfa_app.extensions import db
from mfa_app.models import LinkProof
from tests.support.databases import both_databases
from tests.support.refusals.link_proofs import make, was_reset
from tests.support.refusals.scene import actor, logged_in
from tests.support.site_parts import put
from tests.support.terminal import done, link_in
from tests.support.world import PASSWORD, VISITOR, WRONG, World

pytestmark = pytest.mark.inside

PACKAGE = Path(inspect.getfile(errors)).parents[2]
SLOW = {"hashing.hash_password", "hashing.verify", "strength.check_acceptable"}
NEW = "eleven slow trams across the bridge"


def has_begun_to_write() -> bool:
    """Return True if the transaction of this thread has written something, or has locked a row."""
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        return bool(connection.connection.dbapi_connection.in_transaction)
    return connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()").scalar() is not None


class Observer:
    """Notes who lets slow work be done, and who does so behind a write."""

    def __init__(self) -> None:
        self.callers: set[str] = set()
        self.behind_a_write: list[str] = []

    def watch(self, work: Callable[..., object]) -> Callable[..., object]:
        def watched(*arguments: object, **options: object) -> object:
            frames = [frame for frame in traceback.extract_stack() if str(PACKAGE) in frame.filename]
            self.callers |= {frame.name for frame in frames}
            made_by_the_tests = len(frames) == 1  # a hash for one of their people
            if not made_by_the_tests and has_begun_to_write():
                self.behind_a_write.append(" > ".join(frame.name for frame in frames))
            return work(*arguments, **options)

        return watched


@pytest.fixture
def observer() -> Iterator[Observer]:
    """Watch everything that is slow."""
    observer = Observer()
    with (
        mock.patch.object(hashing, "_in_slot", observer.watch(hashing._in_slot)),
        mock.patch.object(estimate, "zxcvbn", observer.watch(estimate.zxcvbn)),
    ):
        yield observer


def log_in_with_an_old_hash(world: World) -> None:
    world.person("alice")
    put(world.app, Hasher(HashCost(memory_kib=72, passes=1)))
    assert world.password_given("alice").page.path == "/"
    with world.data():
        assert "m=72," in str(world.user("alice").password_hash)


def log_in_in_vain(world: World) -> None:
    world.person("alice")
    world.visitor().give_password("alice@example.com", WRONG)
    world.password_given("nobody")


def change_the_own_password(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    alice.open("/account/password")
    alice.press("Save password", current=PASSWORD, password=NEW)
    assert "Password changed" in alice.page.text


def confirm_by_password(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    world.clock.advance(minutes=21)
    alice.open("/account/password")
    assert alice.page.path == "/login/again"
    alice.press("Confirm", password=PASSWORD)
    assert alice.page.path == "/account/password"


def choose_by_link(world: World) -> None:
    world.person("alice")
    visitor = world.visitor()
    visitor.open("/password/forgotten")
    visitor.press("Send the link", email="alice@example.com")
    visitor.open(world.link_in_last_mail())
    visitor.press("Save password", password=NEW)
    assert "Password saved" in visitor.page.text


def set_up(world: World) -> None:
    visitor = world.visitor()
    visitor.open(link_in(done(world.app.test_cli_runner().invoke(args=["setup-link"]))))
    visitor.press("Create the administrator", name="Carol", email="carol@example.com", password=NEW)
    assert visitor.page.path == "/enrolment"


def at_the_terminal(world: World) -> None:
    for command in "add", "password":
        typed = ["users", command, "bob@example.com", "--password-stdin"]
        done(world.app.test_cli_runner().invoke(args=typed, input=NEW))


def make_and_use_an_access_pass(world: World) -> None:
    world.person("dave", role="helpdesk")
    with world.data():
        was_reset(world, "alice")
        made = make(world, actor(world, "dave"))
        db.session.commit()
        identity = logged_in(world, "alice")
        db.session.commit()
        now = world.clock()
        link_step.open_with(identity, LinkProof.ACCESS_PASS, made.shown, actor=VISITOR, now=now)


def get_a_code_by_email(world: World) -> None:
    with world.data():
        was_reset(world, "alice", LinkProof.EMAIL_CODE)
        identity = logged_in(world, "alice")
        db.session.commit()
        link_step.send_code(identity, actor=VISITOR, now=world.clock())


# Each with a function on its way that hashes or judges by itself.
WAYS = {
    log_in_with_an_old_hash: "_hash_at_present_cost",
    log_in_in_vain: "_matches",
    change_the_own_password: "hash_new",
    confirm_by_password: "_matches",
    choose_by_link: "hash_new",
    set_up: "hash_new",
    at_the_terminal: "hash_new",
    make_and_use_an_access_pass: "check",
    get_a_code_by_email: "send_code",
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@both_databases
def test_nobody_does_slow_work_behind_a_write(
    world: World, observer: Observer, way: Callable[[World], None]
) -> None:
    world.live_all()
    way(world)
    assert WAYS[way] in observer.callers
    assert observer.behind_a_write == []


def callers_of_slow_work() -> Iterator[str]:
    """Return the functions of the site that hash or judge a password by themselves."""
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text("utf-8")
        if not any(f"{work}(" in source for work in SLOW):  # few files do: the others are not parsed
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                calls = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
                if SLOW & {ast.unparse(function) for function in calls}:
                    yield node.name


def test_every_function_that_does_slow_work_is_on_one_of_these_ways() -> None:
    assert set(callers_of_slow_work()) == {*WAYS.values(), "make"}  # which is on the way of a pass
