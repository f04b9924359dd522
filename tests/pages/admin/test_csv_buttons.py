"""Every list that can be downloaded comes in two ways: for Excel, and for other programs."""

import codecs
from datetime import date

import pytest

from mfa_app.core.common import days
from mfa_app.core.policy import overrides
from tests.support.stories import carol_at_work
from tests.support.world import TERMINAL, World

RULE = "required=y&grace_days=0&remember_days=30&version=0"

LISTS = {
    "/admin/people": "Email",
    "/admin/rollout": "name",
    "/admin/exemptions": "name",
    f"/admin/groups/1/policy/people?whom=still&{RULE}": "Email address",
}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_has_semicolons_for_excel_and_commas_for_other_programs(world: World, path: str) -> None:
    world.group("Finance")
    world.people("alice", "bob", groups_=("Finance",))
    with world.data():
        until = days.end_of(date(2026, 3, 31))
        overrides.exempt(world.user("bob"), until=until, reason="-1", actor=TERMINAL, now=world.clock())
        overrides.set_requirement(world.user("alice"), True, actor=TERMINAL, now=world.clock())
    carol = world.after(carol_at_work)
    assert carol.open(path).status == 200
    for button, mark, sign in (
        ("For Excel (semicolons)", codecs.BOM_UTF8, ";"),
        ("For other programs (commas)", b"", ","),
    ):
        carol.open(path)
        file = carol.press(button).response
        heading, *rows = file.get_data().removeprefix(mark).decode().splitlines()
        assert file.get_data().startswith(mark + f'"{LISTS[path]}"{sign}"'.encode())
        assert rows and all(row.count(f'"{sign}"') == heading.count(f'"{sign}"') for row in rows)
