"""What the server says of second approvals: when resets need one, and what follows them.

Who could approve a reset, and what is risky, is asked of both databases in test_approvals.py.
"""

import pytest

from mfa_app.models import Role
from tests.support.browser import Page, Visitor
from tests.support.world import World


@pytest.fixture
def environment(environment: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of the server, with those of a test."""
    return {**environment, **request.param}


def settings(**added: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("environment", [added], indirect=True)


def form_for(world: World, helper: Visitor, name: str) -> Page:
    """Let a helper open the form for a reset."""
    return helper.open(f"/admin/people/{world.id_of(name)}/reset")


@settings(MFA_RESET_LEADS_TO="access-pass")
def test_who_approves_sees_what_follows(world: World) -> None:
    carol, frank = world.at_work("carol"), world.at_work("frank", role=Role.ADMIN)
    world.linked("erin", role=Role.ADMIN)
    form_for(world, carol, "erin")
    carol.press("Ask for approval", reason="phone lost again", checked="called back")
    page = frank.open(f"/admin/people/{world.id_of('erin')}/approval")
    assert "The password stays the same." in page.text
    assert "Before that they need an access pass, which you read out." in page.text


@settings(MFA_APPROVE_RESETS="no")
def test_without_the_rule_every_reset_is_done_at_once(world: World) -> None:
    """Dora could approve it, and alice was reset just now."""
    world.linked("dora", role=Role.HELPDESK)
    world.linked("alice")
    world.reset("alice")
    dave = world.at_work("dave")
    form_for(world, dave, "alice")
    dave.press("Reset 2-factor authentication", reason="phone lost again", checked="called back")
    told = world.details("second_factor.reset")
    assert (told["asked_by"], told["approval"]) == (None, None)
    assert told["reason"] == "phone lost again"


@settings(MFA_OFFICE_HOURS="Mon-Fri 08:00-12:00")
def test_outside_office_hours_every_reset_waits(world: World) -> None:
    for name, role in (("bob", None), ("dora", Role.HELPDESK)):
        world.linked(name, role=role)
    world.clock.advance(hours=(23 - world.clock().hour) % 24)
    dave = world.at_work("dave")
    assert "it is outside office hours" in form_for(world, dave, "bob").text
    dave.press("Ask for approval", reason="phone lost again", checked="called back")
    assert world.details("reset.approval_asked")["risks"] == ["after hours"]
