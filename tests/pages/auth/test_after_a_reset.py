"""After a reset of staff: the next login leads to linking, whatever grace period, date or choice there is."""

from datetime import timedelta

import pytest

from mfa_app.core.policy import overrides
from tests.support.world import TERMINAL, World

RULES = {
    "no rule at all": {},
    "a grace period": {"required": True, "grace_days": 14},
    "a rule to come": {"required": True, "required_from": timedelta(days=4)},
    "a rule in force": {"required": True},
}


def finance(world: World, rule: str) -> None:
    values = dict(RULES[rule])
    if "required_from" in values:
        values["required_from"] += world.clock()
    world.group("Finance", **values)


@pytest.mark.parametrize("rule", RULES)
def test_the_next_login_leads_to_linking(world: World, rule: str) -> None:
    """Nor does a new grace period begin."""
    finance(world, rule)
    world.linked_earlier("anna", groups_=("Finance",))
    world.reset("anna")
    anna = world.password_given("anna")
    assert anna.page.path == "/enrolment"
    for path in ("/", "/account", "/account/password"):
        assert anna.open(path).path == "/enrolment", path
    for days in (90, RULES[rule].get("grace_days", 0)):
        with world.data():
            world.group_row("Finance").grace_days = days
        assert world.password_given("anna").page.path == "/enrolment", days
    world.clock.advance(days=1)
    world.link("anna")
    assert world.password_given("anna").page.path == "/login/code"


def test_the_linking_page_says_why(world: World) -> None:
    world.linked_earlier("anna")
    world.reset("anna")
    assert "was reset, so link an app again" in world.password_given("anna").page.text


def test_an_exemption_lasts_as_long_as_it_says_and_then_linking_is_due(world: World) -> None:
    world.linked_earlier("anna")
    world.reset("anna")
    with world.data():
        until = world.clock() + timedelta(days=3)
        overrides.exempt(
            world.user("anna"), until=until, reason="no phone yet", actor=TERMINAL, now=world.clock()
        )
    assert world.password_given("anna").page.path == "/"
    world.clock.advance(days=3)
    assert world.password_given("anna").page.path == "/enrolment"
