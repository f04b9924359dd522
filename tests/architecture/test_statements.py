"""What each page and a whole login cost in statements and commits, exactly: so that nothing grows unseen."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, event, text

from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases, on_postgresql
from tests.support.routes import address, rules
from tests.support.statements import COMMIT, cost, traffic
from tests.support.stories import carol_of_finance_at_work
from tests.support.world import PASSWORD, WRONG, World

FULL = 2  # PRAGMA synchronous: a commit waits for the disk

MAIL = "INSERT INSERT "  # the link that locks the account, and the email
DELIVERY = " SELECT SELECT UPDATE COMMIT SELECT UPDATE UPDATE COMMIT SELECT"  # here at once, else by a thread

LOGIN = {
    "login page": "",
    "password": (
        "SELECT "  # the user by the email address, with all that the policy asks
        "INSERT COMMIT "  # the counters of the network and of the account, before the password is checked
        "DELETE "  # the counters, since it was right
        "INSERT "  # the session
        "UPDATE INSERT COMMIT"  # the head of the trail, and the trail
    ),
    "code page": "SELECT",  # who asks, and what holds
    "code": (
        "SELECT "
        "INSERT COMMIT "  # the counter of codes, before the code is checked
        "UPDATE "  # the user is locked, and has logged in
        "UPDATE "  # the code is burned
        "DELETE "  # the counter
        "{device}"  # if the box is ticked
        "UPDATE "  # the session, under a new token
        "{mail}"  # if it is told to its owner
        "UPDATE INSERT COMMIT"  # the trail
    ),
    "landing page": "SELECT",
}

# What opening a page costs a stranger, somebody of the staff and an administrator. Behind a stroke: commits.
PAGES = """
account.add_passkey                 0     2     2
account.home                        0     1     1
account.new_passkey_question        0   5/1   5/1
account.overview                    0     4     4
account.password                    0     1     1
account.recovered                   0     2     2
account.recovery_code_set           0     2     2
account.rename_app                  0     1     1
account.rename_passkey              0     2     2
admin.access_pass                   0   4/2   5/2
admin.approval                      0   4/2   5/2
admin.blocked_sign_ins              0   4/2     4
admin.break_glass                   0   4/2     2
admin.chosen_people                 0   4/2     2
admin.delete_group                  0   4/2     8
admin.edit_user                     0   4/2     3
admin.exemptions                    0   4/2     3
admin.failed_mails                  0   4/2     2
admin.group                         0   4/2     8
admin.group_list                    0   4/2     2
admin.group_policy                  0   4/2     2
admin.group_policy_people           0   4/2     2
admin.group_rollout                 0   4/2    11
admin.help_requests                 0   4/2     3
admin.help_scope                    0   4/2   5/2
admin.import_people                 0   4/2     3
admin.import_template               0   4/2     1
admin.invitations                   0   4/2     2
admin.new_group                     0   4/2     1
admin.new_user                      0   4/2     2
admin.open_account                  0   4/2   5/2
admin.overview                      0   4/2     8
admin.people_import                 0   4/2     2
admin.remove_user_factor            0   4/2   5/2
admin.rename_group                  0   4/2     2
admin.reset_user                    0   4/2   5/2
admin.rollout                       0   4/2     9
admin.site                          0   4/2     3
admin.site_policy                   0   4/2     3
admin.site_policy_people            0   4/2     1
admin.timeline                      0   4/2     3
admin.trail                         0   4/2     2
admin.user                          0   4/2     8
admin.user_list                     0   4/2     9
admin.user_policy                   0   4/2     2
auth.access_pass                    0     1     1
auth.account_locked                 0     1     1
auth.ask_for_reset                  0     1     1
auth.break_glass                    0     1     1
auth.choose_password                1     2     2
auth.code                           0     1     1
auth.email_code                     0     1     1
auth.follow_link                    2     3     3
auth.forgotten                      0     1     1
auth.link_login                     1     2     2
auth.link_needed                    0     1     1
auth.lock_account                   1     2     2
auth.login                          0     1     1
auth.lost_app                       0     1     1
auth.passkey_endpoints              0     1     1
auth.passkey_question               0     2     2
auth.question_to_anyone             0     1     1
auth.reauthenticate                 0     1     1
auth.recovery_code                  0     1     1
auth.reset_stopped                  0     1     1
auth.setup                          1     2     2
auth.site_logo                      1     2     2
auth.stop_approval                  1     2     2
auth.stop_reset                     1     2     2
auth.wait_for_reset                 0     1     1
enrolment.authenticator             0   6/1   6/1
enrolment.replacement               0     1     1
monitoring.healthz                  0     0     0
monitoring.metrics                  0     0     0
monitoring.readyz                   0     0     0
"""


@pytest.mark.parametrize(
    ("known", "remember", "device", "mail", "statements"),
    [
        (True, None, "", "", 16),
        (True, "y", "INSERT ", MAIL, 19),
        (False, None, "", MAIL, 18),
        (False, "y", "INSERT ", MAIL, 19),
    ],
)
@both_databases
def test_a_whole_login_costs_sixteen_statements_and_four_commits(
    world: World, known: bool, remember: str | None, device: str, mail: str, statements: int
) -> None:
    """In a browser that is known. A login that is told to its owner costs the email, and the link in it."""
    world.linked_earlier("alice", groups_=(world.finance(),))
    alice, spent = world.log_in_and_wait("alice") if known else world.visitor(), {}
    if known:
        alice.press("Log out")

    def step(name: str, visit: Callable[[], Page]) -> Page:
        with traffic(world) as sent:
            page = visit()
        spent[name] = " ".join(sent).removesuffix(DELIVERY)
        return page

    def send(**fields: str | None) -> Callable[[], Page]:
        return lambda: alice.press("Log in", follow=False, **fields)

    def follow(page: Page) -> Callable[[], Page]:
        return lambda: alice.open(page.response.location)

    step("login page", lambda: alice.open("/login"))
    given = step("password", send(email="alice@example.com", password=PASSWORD))
    step("code page", follow(given))
    given = step("code", send(code=world.phones["alice"].code(), remember=remember))
    assert step("landing page", follow(given)).path == "/"
    assert spent == {name: kinds.format(device=device, mail=mail) for name, kinds in LOGIN.items()}
    sent = " ".join(spent.values()).split()
    assert (len(sent) - sent.count(COMMIT), sent.count(COMMIT)) == (statements, 4)


def test_a_wrong_password_costs_the_same_whether_there_is_an_account_or_not(world: World) -> None:
    world.linked_earlier("alice", groups_=(world.finance(),))
    kinds = {}
    for name in ("alice", "nobody"):
        visitor = world.visitor(address=f"198.51.{len(kinds)}.1")
        with traffic(world) as kinds[name]:
            visitor.give_password(f"{name}@example.com", WRONG)
    assert kinds["alice"] == kinds["nobody"] == ["SELECT", "INSERT", "COMMIT", "UPDATE", "INSERT", "COMMIT"]


def price(world: World, visitor: Visitor, path: str) -> str:
    """Return how many statements and commits it costs to open a page, without what it redirects to."""
    with traffic(world) as sent:
        visitor.open(path, follow=False)
    commits = sent.count(COMMIT)
    return f"{len(sent) - commits}" + (f"/{commits}" if commits else "")


def test_every_page_costs_what_this_table_says(world: World) -> None:
    carol = carol_of_finance_at_work(world)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.log_in_and_wait("alice")
    carol.open("/")  # its last use has now been noted
    paths = {rule.endpoint: address(rule) for rule in rules(world.app) if "GET" in (rule.methods or ())}
    rows = {
        endpoint: " ".join(f"{price(world, who, path):>5}" for who in (world.visitor(), alice, carol))
        for endpoint, path in sorted(paths.items())
    }
    table = "".join(f"{endpoint:<32}{row}\n" for endpoint, row in rows.items())
    assert table == PAGES.lstrip("\n"), table


def test_before_anyone_sees_an_answer_its_commits_are_on_the_disk(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The charge of an attempt is not flushed by itself; the answer's commit, which is, flushes both."""
    monkeypatch.setattr("tests.support.databases.spare_the_disk", False)
    world.linked_earlier("alice", groups_=(world.finance(),))
    alice, flushed = world.log_in_and_wait("alice"), []
    alice.press("Log out")
    with world.app.app_context():
        db.engine.dispose()
        engine = db.engine

    def note(connection: Connection) -> None:
        raw = connection.connection.dbapi_connection
        if raw.in_transaction:
            flushed.append(raw.execute("PRAGMA synchronous").fetchone() == (FULL,))

    event.listen(engine, "commit", note)
    alice.give_password("alice@example.com", WRONG)
    alice.give_password("alice@example.com", PASSWORD)
    alice.press("Log in", code=world.phones["alice"].wrong_code())
    alice.press("Log in", code=world.phones["alice"].code(), remember=None)
    event.remove(engine, "commit", note)
    assert alice.page.path == "/"
    assert flushed == [False, True] * 4


@on_postgresql
def test_on_postgresql_only_the_commit_of_a_charge_is_flushed_later(world: World) -> None:
    with world.data():
        db.session.execute(text("SET synchronous_commit = on"))  # the server of the tests has it off
        connection = db.session.scalar(text("SELECT pg_backend_pid()"))
        db.session.commit()
        counters.charge(limits.CODE, 1, now=world.clock(), flush=False)
        assert db.session.scalar(text("SELECT pg_backend_pid()")) == connection
        assert db.session.scalar(text("SHOW synchronous_commit")) == "on"
        db.session.execute(text("RESET synchronous_commit"))


def test_one_select_says_who_asks_and_what_holds(world: World) -> None:
    world.group("Finance", required=True)
    world.group("Everybody else")
    world.person("alice", groups_=("Finance", "Everybody else"))
    alice = world.link_and_wait("alice")
    assert cost(world, alice, "/") == ["SELECT"]


def test_the_last_use_of_a_session_is_written_once_a_minute(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    world.clock.advance(seconds=61)
    assert cost(world, alice, "/") == ["SELECT", "UPDATE"]
    assert cost(world, alice, "/") == ["SELECT"]


def test_a_stranger_at_the_login_costs_no_statement(world: World) -> None:
    assert cost(world, world.visitor(), "/login") == []


def test_a_forged_session_costs_one_select_and_writes_nothing(world: World) -> None:
    eve = world.visitor()
    eve.client.set_cookie("sid", "A" * 43)
    assert cost(world, eve, "/login") == ["SELECT"]


def test_a_page_that_is_not_there_costs_a_stranger_nothing(world: World) -> None:
    assert cost(world, world.visitor(), "/nowhere") == []
