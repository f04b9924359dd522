"""Two administrators confirm different changes of one rule in the same moment: one is saved, one is told."""

import pytest

from mfa_app.core.policy import rules
from mfa_app.models import Role
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.served_site import at_once
from tests.support.world import World

pytestmark = both_databases
ROUNDS = 3


@pytest.fixture
def world(served_world: World) -> World:
    """A site that two processes serve, with ten threads each."""
    return served_world


def administrator(world: World, name: str) -> Visitor:
    return world.at_work(name, role=Role.ADMIN, groups_=("Office",))


def test_of_two_confirmations_at_once_one_is_saved_and_one_is_shown_the_new_rule(world: World) -> None:
    world.group("Finance")
    world.group("Office", required=True)
    browsers = [administrator(world, name) for name in ("carol", "anton")]
    with world.data():
        address = f"/admin/groups/{world.group_row('Finance').id}/policy"
    for first in range(1, 2 * ROUNDS, 2):
        for days, browser in enumerate(browsers, first):
            browser.open(address)
            browser.press("Continue", grace_days=str(days))
        pages = at_once(*[lambda b=browser: b.press("Save") for browser in browsers])
        assert sorted(page.status for page in pages) == [200, 409]
        saved = first if pages[0].status == 200 else first + 1
        with world.data():
            assert rules.values_of(world.group_row("Finance")).grace_days == saved
    assert world.events().count("policy.changed") == ROUNDS + 1  # and that of Office
