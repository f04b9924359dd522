"""Two nodes with the same keys, behind nginx and on one PostgreSQL behind PgBouncer: they are one site."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select, text

from mfa_app.core.common import schema
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.operations.nodes import other_nodes
from mfa_app.extensions import db
from mfa_app.models import AuthSession, Lease, OneTimeLink, OutboxMail
from mfa_app.models.database import database_time
from tests.support.crowds import after_the_password
from tests.support.expansion import migrate_beyond_this_version
from tests.support.nodes import TwoNodes, two_nodes
from tests.support.served_site import at_once
from tests.support.variables import LEASE
from tests.support.waiting import wait_until

pytestmark = pytest.mark.postgres

MAILS = 20
PURGE_WAITS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND starts_with(query, 'DELETE FROM one_time_link')"
)


@pytest.fixture(scope="module")
def nodes(postgresql: str, templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    with two_nodes(tmp_path_factory.mktemp("nodes"), templates, postgresql) as found:
        found.world.person("carol")
        found.world.group("Finance", required=True)
        yield found


def lease(nodes: TwoNodes, name: str) -> tuple[str, datetime, datetime]:
    """Return who holds a lease, until when, and what time it is."""
    with nodes.world.data():
        row = db.session.get_one(Lease, name)
        return row.owner, row.held_until, database_time()


def purge_waits(nodes: TwoNodes) -> bool:
    """Say whether somebody who purges waits for a lock. A transaction would see one moment only."""
    with nodes.world.data():
        return bool(db.session.scalar(PURGE_WAITS))


def process_in(owner: str) -> int:
    return int(owner.split(":")[1])


def test_the_balancer_leads_a_login_to_another_node_at_each_request(nodes: TwoNodes) -> None:
    before = len(nodes.balancer.asked())
    alice = nodes.world.log_in_and_wait(nodes.linked("alice"))
    assert alice.open("/account").path == "/account"
    wait_until(lambda: ("GET", "/account") in [line[:2] for line in nodes.balancer.asked()[before:]])
    asked = [node for _method, _path, node in nodes.balancer.asked()[before:]]
    assert len(asked) >= 5
    assert all(here != there for here, there in pairwise(asked))


def test_every_step_of_a_visit_may_be_at_another_node(nodes: TwoNodes) -> None:
    anna = nodes.at_the_code_page(nodes.linked("anna"), 0)
    code = nodes.world.next_code("anna")
    assert nodes.move(anna).submit("/login/code", code=code, remember="y").path == "/"
    assert nodes.move(anna).open("/account").path == "/account"
    nodes.move(anna).submit("/logout")
    assert nodes.move(anna).open("/account").path == "/login"
    assert nodes.world.password_given("anna", anna).page.path == "/", "the other node remembers the device"


def test_each_node_is_known_to_commands_on_the_others(nodes: TwoNodes) -> None:
    ports = {node.address.rpartition(":")[2] for node in nodes.nodes}
    with nodes.world.data():
        wait_until(lambda: len(other_nodes(nodes.world.app.config["SETTINGS"])) == 2)
        running = other_nodes(nodes.world.app.config["SETTINGS"])
    assert {name.rpartition(":")[2] for name in running} == ports


def test_of_twenty_posts_of_one_code_at_both_nodes_one_gets_in(nodes: TwoNodes) -> None:
    bob = nodes.linked("bob")
    browsers = after_the_password(nodes.world, [bob] * 20)
    for number, browser in enumerate(browsers):
        nodes.lead(browser, number % 2)
    code = nodes.world.next_code("bob")
    answers = at_once(*[lambda b=browser: b.submit("/login/code", code=code) for browser in browsers])
    assert [answer.path for answer in answers].count("/") == 1
    with nodes.world.data():
        whose = nodes.world.user("bob").id
    assert nodes.world.count(AuthSession, AuthSession.amr == "pwd otp", AuthSession.user_id == whose) == 1


def test_wrong_codes_and_passwords_at_both_nodes_have_one_count(nodes: TwoNodes) -> None:
    eve = nodes.at_the_code_page(nodes.linked("dora"), 0)
    wrong = nodes.world.phones["dora"].wrong_code()
    statuses = [nodes.move(eve).submit("/login/code", code=wrong).status for _ in range(6)]
    assert statuses == [400] * 5 + [429]
    assert nodes.move(eve).submit("/login/code", code=nodes.world.next_code("dora")).status == 429
    stranger = nodes.visitor(0)
    for status in [400] * 5 + [429]:
        nodes.move(stranger).open("/login")
        fields = {"email": "dora@example.com", "password": "not the password of anybody"}
        assert stranger.submit("/login", **fields).status == status


def test_sessions_ended_at_one_node_are_ended_at_the_other(nodes: TwoNodes) -> None:
    nodes.linked("erik")
    here, there = (nodes.world.log_in_and_wait("erik", nodes.visitor(node)) for node in (0, 1))
    assert here.open("/account").path == there.open("/account").path == "/account"
    here.press("Yes, log out everywhere")
    assert there.open("/account").path == "/login"


def test_each_mail_is_sent_once_though_both_nodes_send(nodes: TwoNodes) -> None:
    nodes.world.person("frida")
    with nodes.world.data():
        for _mail in range(MAILS):
            outbox.enqueue(Mail.LINKED, nodes.world.user("frida"), now=nodes.clock())
    wait_until(lambda: not nodes.world.count(OutboxMail, OutboxMail.sent_at.is_(None)))
    sent = [message for message in nodes.mailbox.messages if "frida" in message["To"]]
    assert len(sent) == len({message["Message-ID"] for message in sent}) == MAILS


def test_the_event_of_a_command_is_printed_by_one_worker_of_one_node(nodes: TwoNodes) -> None:
    nodes.world.group("Printed once")
    wait_until(lambda: any("Printed once" in node.log for node in nodes.nodes))
    _owner, _until, now = lease(nodes, "stream")
    wait_until(lambda: lease(nodes, "stream")[1] > now + 2 * LEASE)
    assert sum(node.log.count("Printed once") for node in nodes.nodes) == 1


def test_a_node_is_killed_in_a_job_and_the_other_takes_over(nodes: TwoNodes) -> None:
    world = nodes.world
    world.linked_earlier("gerd", groups_=("Finance",))
    with world.data():
        one_time_links.create(Purpose.PASSWORD_RESET, world.user("gerd"), now=nodes.clock())
    with world.app.app_context(), db.engine.connect() as busy:
        busy.execute(select(OneTimeLink.id).with_for_update())
        nodes.clock.advance(days=2)  # the link has expired, but whoever purges it waits for that lock
        wait_until(lambda: purge_waits(nodes))
        owner, until, _now = lease(nodes, "purge")
        wait_until(lambda: lease(nodes, "purge")[1] > until)  # it is renewed
        assert lease(nodes, "purge")[0] == owner
        killed = nodes.node_of(process_in(owner))
        killed.kill()
        assert world.log_in_and_wait("gerd").open("/account").path == "/account"
        wait_until(lambda: lease(nodes, "purge")[0] != owner)
    wait_until(lambda: not world.count(OneTimeLink, OneTimeLink.purpose == Purpose.PASSWORD_RESET))
    (survivor,) = (node for node in nodes.nodes if node is not killed)
    assert process_in(lease(nodes, "purge")[0]) in survivor.processes()
    assert world.events("gerd").count("links.ended") == 1
    killed.start()


def test_old_nodes_go_on_and_restart_after_a_migration_that_only_expands(nodes: TwoNodes) -> None:
    nodes.linked("hanna")
    with nodes.world.data():
        migrate_beyond_this_version(oldest=str(schema.newest()))
    nodes.nodes[1].kill()
    nodes.nodes[1].start()
    assert [node.readiness() for node in nodes.nodes] == [200, 200]
    for number in (0, 1):
        assert nodes.world.log_in_and_wait("hanna", nodes.visitor(number)).open("/account").path == "/account"
