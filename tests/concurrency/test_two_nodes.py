"""Two nodes, each with a folder of its own, on one PostgreSQL with the same keys: they are one site."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mfa_app.models import AuthSession
from tests.support.browser import Visitor
from tests.support.clock import RealClock
from tests.support.databases import installed
from tests.support.served_site import ServedSite, at_once, served_site
from tests.support.world import World

pytestmark = pytest.mark.postgres


class TwoNodes:
    """The world as the first node serves it, and the way to either node."""

    def __init__(self, world: World, second: ServedSite) -> None:
        self.world = world
        self.ways = (world.app, second.app)

    def linked(self, name: str) -> str:
        """Make a person who must use 2FA and has just linked an app; nobody is logged in afterwards."""
        self.world.linked(name, groups_=("Finance",))
        return name

    def visitor(self, node: int) -> Visitor:
        """Return a fresh browser that is led to this node."""
        return self.lead(self.world.visitor(), node)

    def at_the_code_page(self, name: str, node: int) -> Visitor:
        """Let somebody give the password at one node."""
        return self.world.password_given(name, self.visitor(node))

    def lead(self, visitor: Visitor, node: int) -> Visitor:
        """Let the balancer lead a browser to a node; its cookies are for both."""
        visitor.client.application = self.ways[node]
        return visitor

    def move(self, visitor: Visitor) -> Visitor:
        """Let the balancer lead a browser to the other node."""
        return self.lead(visitor, 1 - self.ways.index(visitor.client.application))


@pytest.fixture(scope="module")
def nodes(postgresql: str, templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    folder = tmp_path_factory.mktemp("nodes")
    (folder / "second").mkdir()
    with installed(folder / "first", templates, postgresql) as environment:
        environment |= {"MFA_PUBLIC_URL": "http://127.0.0.1:8000"}  # as people see both
        shutil.copy(folder / "first" / "keys", folder / "second" / "keys")
        second = {**environment, "MFA_INSTANCE_PATH": str(folder / "second")}
        with served_site(environment) as first, served_site(second) as other:
            world = World.of(first, RealClock(), address="127.0.0.1")
            world.group("Finance", required=True)
            yield TwoNodes(world, other)


def test_every_step_of_a_visit_may_be_at_another_node(nodes: TwoNodes) -> None:
    alice = nodes.at_the_code_page(nodes.linked("alice"), 0)
    code = nodes.world.next_code("alice")
    assert nodes.move(alice).submit("/login/code", code=code, remember="y").path == "/"
    assert nodes.move(alice).open("/account").path == "/account"
    nodes.move(alice).submit("/logout")
    assert nodes.move(alice).open("/account").path == "/login"
    assert nodes.world.password_given("alice", alice).page.path == "/", "the other node remembers the device"


def test_of_twenty_posts_of_one_code_at_both_nodes_one_gets_in(nodes: TwoNodes) -> None:
    bob = nodes.linked("bob")
    browsers = [nodes.at_the_code_page(bob, number % 2) for number in range(20)]
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
