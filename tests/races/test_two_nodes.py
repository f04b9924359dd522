"""Two nodes, each with a folder of its own, on one PostgreSQL with the same keys: they are one site."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mfa_app.models import AuthSession
from tests.conftest import installed
from tests.races.conftest import ServedWorld, served_world
from tests.served import NetworkBrowser, at_once, serving

pytestmark = pytest.mark.postgres


class TwoNodes:
    """The world as the first node serves it, and the address of the second one."""

    def __init__(self, world: ServedWorld, second: str) -> None:
        self.world, self.sites = world, (world.site, second)

    def linked(self, name: str) -> str:
        """Make a person who must use 2FA and has an app; nobody is logged in afterwards."""
        self.world.person(name, groups_=("Finance",))
        self.world.link(name).post("/logout")
        return name

    def at_the_code_page(self, name: str, node: int) -> NetworkBrowser:
        """Let somebody give the password at one node."""
        return self.world.password_given(name, NetworkBrowser(self.sites[node]))

    def move(self, browser: NetworkBrowser) -> NetworkBrowser:
        """Let the balancer lead a browser to the other node; its cookies are for both."""
        browser.site = self.sites[1 - self.sites.index(browser.site)]
        return browser


@pytest.fixture(scope="module")
def nodes(postgresql: str, templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    folder = tmp_path_factory.mktemp("nodes")
    (folder / "second").mkdir()
    with installed(folder / "first", templates, postgresql) as environment:
        shutil.copy(folder / "first" / "keys", folder / "second" / "keys")
        second = {**environment, "MFA_INSTANCE_PATH": str(folder / "second")}
        with served_world(environment) as world, serving(second) as site:
            world.group("Finance", required=True)
            yield TwoNodes(world, site)


def test_every_step_of_a_visit_may_be_at_another_node(nodes: TwoNodes) -> None:
    alice = nodes.at_the_code_page(nodes.linked("alice"), 0)
    code = nodes.world.next_code("alice")
    assert nodes.move(alice).post("/login/code", code=code, remember="y").path == "/"
    assert nodes.move(alice).open("/account").path == "/account"
    nodes.move(alice).post("/logout")
    assert nodes.move(alice).open("/account").path == "/login"
    assert nodes.world.password_given("alice", alice).page.path == "/", "the other node remembers the device"


def test_of_twenty_posts_of_one_code_at_both_nodes_one_gets_in(nodes: TwoNodes) -> None:
    bob = nodes.linked("bob")
    browsers = [nodes.at_the_code_page(bob, number % 2) for number in range(20)]
    code = nodes.world.next_code("bob")
    answers = at_once(*[lambda b=browser: b.post("/login/code", code=code) for browser in browsers])
    assert [answer.path for answer in answers].count("/") == 1
    with nodes.world.data():
        whose = nodes.world.user("bob").id
    assert nodes.world.count(AuthSession, AuthSession.amr == "pwd otp", AuthSession.user_id == whose) == 1


def test_wrong_codes_and_passwords_at_both_nodes_have_one_count(nodes: TwoNodes) -> None:
    eve = nodes.at_the_code_page(nodes.linked("dora"), 0)
    wrong = nodes.world.phones["dora"].wrong_code()
    statuses = [nodes.move(eve).post("/login/code", code=wrong).status for _ in range(6)]
    assert statuses == [400] * 5 + [429]
    assert nodes.move(eve).post("/login/code", code=nodes.world.next_code("dora")).status == 429
    stranger = NetworkBrowser(nodes.sites[0])
    for status in [400] * 5 + [429]:
        nodes.move(stranger).open("/login")
        fields = {"email": "dora@example.com", "password": "not the password of anybody"}
        assert stranger.post("/login", **fields).status == status
