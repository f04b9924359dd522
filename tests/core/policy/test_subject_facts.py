"""A request reads its user with the groups in an order that stays."""

import pytest

from mfa_app.core.policy import facts, subject_facts
from tests.support.databases import both_databases
from tests.support.world import World

pytestmark = both_databases


@pytest.fixture
def alice(world: World) -> World:
    """Alice of three groups, the last of the alphabet first."""
    names = ("Travel", "finance", "Design")
    for name in names:
        world.group(name)
    world.person("alice", groups_=names)
    return world


def test_groups_and_their_rules_stand_by_name(alice: World) -> None:
    with alice.data():
        subject = subject_facts.find_by_email("alice@example.com")
    assert subject.groups == ("Design", "finance", "Travel")
    assert [rule.group for rule in subject.facts.rules] == ["Design", "finance", "Travel", None]


def test_a_request_and_the_pages_about_people_know_the_same_facts(alice: World) -> None:
    with alice.data():
        user_id = alice.user("alice").id
        assert subject_facts.find_by_id(user_id).facts == facts.find_subject(user_id).facts
