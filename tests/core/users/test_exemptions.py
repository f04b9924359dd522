"""The list of exemptions: the soonest end first, page by page, and nobody who is not exempt."""

from datetime import timedelta

import pytest

from mfa_app.core.policy import overrides
from mfa_app.core.users import accounts, exemptions
from mfa_app.models import Role
from tests.support.databases import both_databases
from tests.support.world import TERMINAL, World


def exempt(world: World, name: str, days: int) -> None:
    with world.data():
        until = world.clock() + timedelta(days=days)
        overrides.exempt(
            world.user(name), until=until, reason=f"Leave of {name}", actor=TERMINAL, now=world.clock()
        )


def names(page: exemptions.Page) -> list[str]:
    return [person.email.partition("@")[0] for person in page.people]


@both_databases
def test_pages_follow_each_other_where_many_exemptions_end_at_the_same_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exemptions, "PAGE", 2)
    world.people("alice", "bob", "erin", "frank", "grace", password=None)
    for name, days in (("alice", 9), ("bob", 5), ("erin", 5), ("frank", 5), ("grace", 2)):
        exempt(world, name, days)
    with world.data():
        first = exemptions.page(now=world.clock())
        second = exemptions.page(now=world.clock(), after=first.after)
        third = exemptions.page(now=world.clock(), after=second.after)
        assert [names(first), names(second), names(third)] == [["grace", "bob"], ["erin", "frank"], ["alice"]]
        assert third.after is None
        everyone = [person.email for person in exemptions.all_in_force(now=world.clock())]
        assert len(everyone) == 5


def test_only_exemptions_in_force_are_listed(world: World) -> None:
    world.people("alice", "bob", "erin", password=None)
    for name, days in (("alice", 3), ("bob", 9), ("erin", 9)):
        exempt(world, name, days)
    world.clock.advance(days=3)
    with world.data():
        accounts.disable(world.user("bob"), actor=TERMINAL, now=world.clock())
        world.user("erin").role = Role.HELPDESK  # as in a database of before, where promotion left it
    with world.data():
        found = exemptions.page(now=world.clock())
    assert [(person.email, person.disabled) for person in found.people] == [("bob@example.com", True)]


def test_what_is_no_key_leads_to_the_first_page(world: World) -> None:
    world.person("alice", password=None)
    exempt(world, "alice", 3)
    odd = ("", "x", "2026-03-31_", "0001-01-01T00:00:00+23:00_1", f"2026-03-31_{'9' * 30}", "_7", "9_9_9")
    with world.data():
        for key in odd:
            assert names(exemptions.page(now=world.clock(), after=key)) == ["alice"], key
