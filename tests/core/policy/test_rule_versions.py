"""A rule has a version, and a change that was made for another version changes nothing."""

import pytest

from mfa_app.core.common.errors import RuleChanged
from mfa_app.core.groups import groups
from mfa_app.core.policy import rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import Group
from tests.support.databases import both_databases
from tests.support.world import TERMINAL, World

pytestmark = both_databases


def change(world: World, group: Group | None, version: int | None, days: int) -> None:
    values = RuleValues(required=False, grace_days=days)
    rules.set_rule(group, values, expected_version=version, actor=TERMINAL, now=world.clock())


@pytest.mark.parametrize("name", ["Finance", None])
def test_each_change_raises_the_version_by_one(world: World, name: str | None) -> None:
    world.group("Finance")
    with world.data():
        group = groups.find(name) if name else None
        for days in (1, 2):
            change(world, group, rules.version_of(group), days)
        assert (rules.version_of(group), rules.values_of(group).grace_days) == (2, 2)


@pytest.mark.parametrize("version", [0, 2, -1])
def test_a_change_made_for_another_version_is_refused(world: World, version: int) -> None:
    world.group("Finance", grace_days=3)
    with world.data(), pytest.raises(RuleChanged):
        change(world, groups.find("Finance"), version, 9)
    with world.data():
        assert rules.values_of(groups.find("Finance")).grace_days == 3
    assert world.events().count("policy.changed") == 1


def test_a_group_read_before_somebody_else_changed_it_is_read_again(world: World) -> None:
    world.group("Finance")
    with world.data():
        group = groups.find("Finance")
        version = rules.version_of(group)
        db.session.commit()
        world.require("Finance", grace_days=5)
        with pytest.raises(RuleChanged):
            change(world, group, version, 9)
        assert rules.values_of(group).grace_days == 5


def test_a_rule_whose_group_is_gone_is_refused(world: World) -> None:
    world.group("Finance")
    with world.data():
        group = groups.find("Finance")
        db.session.expunge(group)
        groups.remove(groups.find("Finance"), actor=TERMINAL)
        with pytest.raises(RuleChanged):
            change(world, group, None, 9)
