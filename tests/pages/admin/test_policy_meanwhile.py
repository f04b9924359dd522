"""Two administrators change one rule: what was previewed is saved only if the rule is still the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, update

from mfa_app.core.policy import rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import SitePolicy
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.stories import carol_of_finance_at_work
from tests.support.world import World

MEANWHILE = "Someone changed this rule in the meantime, so your change was not saved."


@pytest.fixture
def carol(world: World) -> Visitor:
    """The administrator, who has just entered a code."""
    return world.after(carol_of_finance_at_work)


@pytest.fixture
def anton(world: World, carol: Visitor) -> Visitor:
    """The other administrator, in another browser."""
    world.linked_earlier("anton", role="admin")
    return world.log_in_and_wait("anton")


def preview(visitor: Visitor, path: str = "/admin/groups/1/policy", **fields: object) -> Page:
    visitor.open(path)
    return visitor.press("Continue", **fields)


def save(visitor: Visitor, button: str, path: str = "/admin/groups/1/policy", **fields: object) -> None:
    preview(visitor, path, **fields)
    assert "saved" in visitor.press(button).text


def rule(world: World, group: str | None = "Finance") -> RuleValues:
    with world.data():
        return rules.values_of(world.group_row(group) if group else None)


@both_databases
def test_a_rule_changed_after_the_preview_is_previewed_again_and_then_saved(
    world: World, carol: Visitor, anton: Visitor
) -> None:
    preview(carol, required="y", grace_days="7")
    save(anton, "Save", remember_days="5")
    page = carol.press("Switch on for 1 person")
    assert page.status == 409
    assert MEANWHILE in page.text
    assert page.title == "Switch 2-factor authentication on for Finance?"
    assert rule(world) == RuleValues(required=False, remember_days=5)
    assert carol.press("Switch on for 1 person").title == "Finance"
    assert rule(world) == RuleValues(required=True, grace_days=7)
    assert world.details("policy.changed")["before"]["remember_days"] == 5


def test_the_new_preview_tells_what_the_rule_is_now(world: World, carol: Visitor, anton: Visitor) -> None:
    preview(carol, required="y", grace_days="7")
    save(anton, "Switch on for 1 person", required="y", remember_days="5")
    page = carol.press("Switch on for 1 person")
    assert page.title == "Change the rule for Finance?"
    assert "devices remembered for 5 days" in page.text
    assert "grace period of 7 days, devices remembered for 30 days" in page.text


def test_the_rule_for_everyone_is_protected_alike(world: World, carol: Visitor, anton: Visitor) -> None:
    preview(carol, "/admin/policy", required="y")
    save(anton, "Save", "/admin/policy", grace_days="7")
    page = carol.press("Switch on for 2 people")
    assert (page.status, MEANWHILE in page.text) == (409, True)
    assert rule(world, None) == RuleValues(required=False, grace_days=7)
    carol.press("Switch on for 2 people")
    assert rule(world, None).required


@contextmanager
def changed_while_people_are_counted(world: World, **values: object) -> Iterator[None]:
    """Let another connection change the rule for everyone as soon as a preview begins to count people."""
    changed: list[str] = []

    def change(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "cohort_count" in statement and not changed:
            changed.append(statement)
            with engine.begin() as other:
                other.execute(update(SitePolicy).values(rule_version=SitePolicy.rule_version + 1, **values))

    with world.app.app_context():
        engine = db.engine
    world.live_all()
    event.listen(engine, "before_cursor_execute", change)
    yield
    event.remove(engine, "before_cursor_execute", change)
    assert changed


@both_databases
def test_a_rule_changed_while_its_preview_is_made_is_previewed_again(world: World, carol: Visitor) -> None:
    carol.open("/admin/policy")
    with changed_while_people_are_counted(world, grace_days=7):
        page = carol.press("Continue", required="y")
    assert "Now Not required (once switched on: devices remembered for 30 days)" in page.text
    page = carol.press("Switch on for 1 person")
    assert (page.status, MEANWHILE in page.text) == (409, True)
    assert rule(world, None) == RuleValues(required=False, grace_days=7)


def test_a_switch_in_an_old_list_says_so_before_it_changes_anything(
    world: World, carol: Visitor, anton: Visitor
) -> None:
    carol.open("/admin/groups")
    save(anton, "Save", grace_days="14")
    page = carol.press("Switch on… Finance")
    assert (page.status, MEANWHILE in page.text) == (409, True)
    assert "Now Not required (once switched on: grace period of 14 days, devices" in page.text
    carol.press("Switch on for 1 person")
    assert rule(world) == RuleValues(required=True)


def test_a_switch_confirmed_after_somebody_else_saved_is_previewed_again(
    world: World, carol: Visitor, anton: Visitor
) -> None:
    carol.open("/admin/groups")
    carol.press("Switch on… Finance")
    save(anton, "Save", grace_days="14")
    assert carol.press("Switch on for 1 person").status == 409
    assert not rule(world).required
    carol.press("Switch on for 1 person")
    assert rule(world).required


def test_a_form_opened_before_somebody_else_saved_says_so(
    world: World, carol: Visitor, anton: Visitor
) -> None:
    carol.open("/admin/groups/1/policy")
    save(anton, "Save", grace_days="14")
    page = carol.press("Continue", required="y")
    assert (page.status, MEANWHILE in page.text) == (409, True)


def test_a_change_of_another_rule_disturbs_nobody(world: World, carol: Visitor, anton: Visitor) -> None:
    preview(carol, required="y")
    save(anton, "Save", "/admin/policy", grace_days="7")
    assert carol.press("Switch on for 1 person").title == "Finance"


def test_back_from_a_preview_leads_to_a_form_that_can_still_be_saved(world: World, carol: Visitor) -> None:
    preview(carol, required="y", grace_days="14")
    carol.press("Back")
    assert carol.press("Continue").status == 200
    carol.press("Switch on for 1 person")
    assert rule(world) == RuleValues(required=True, grace_days=14)


def test_a_version_that_never_was_saves_nothing(world: World, carol: Visitor) -> None:
    carol.open("/admin/groups/1/policy")
    fields = {"required": "y", "grace_days": "0", "remember_days": "30"}
    for version in ("", "-1", "1", "x", "9" * 5000):
        assert carol.post("/admin/groups/1/policy", **fields, version=version).status == 409, version[:9]
    assert not rule(world).required


def test_whoever_confirms_too_late_comes_back_to_the_form(world: World, carol: Visitor) -> None:
    preview(carol, required="y")
    world.clock.advance(minutes=20)
    page = carol.press("Switch on for 1 person")
    assert page.title == "Confirm it's you"
    page = carol.press("Confirm", code=world.phones["carol"].code())
    assert page.path == "/admin/groups/1/policy"
    assert not rule(world).required
