"""The question before people change groups or role: asked only if somebody notices it, and true."""

from datetime import timedelta

import pytest

from mfa_app.models import Group, Membership
from tests.support.browser import Page, Visitor
from tests.support.stories import carol_at_work_and_finance
from tests.support.world import World


@pytest.fixture
def carol(world: World) -> Visitor:
    """The administrator, who has just entered a code; Finance gives everybody new a week."""
    carol = world.after(carol_at_work_and_finance)
    world.require("Finance", grace_days=7)
    return carol


def told(page: Page) -> list[str]:
    """Return what the page says that a change will do."""
    assert "Nothing is saved yet." in page.text
    return [line.get_text(strip=True) for line in page.html.select("section[aria-labelledby=effect] li")]


def edit_page(world: World, name: str) -> str:
    return f"/admin/people/{world.id_of(name)}/edit"


def test_adding_somebody_says_by_when_to_link_before_it_is_done(world: World, carol: Visitor) -> None:
    world.person("alice")
    carol.open("/admin/groups/1")
    page = carol.press("Add to the group", email="alice@example.com")
    assert page.title == "Add Alice to Finance?"
    [sentence] = told(page)
    assert sentence.startswith("Alice must link an app or add a passkey by 9 March 2026")
    assert world.count(Membership) == 0
    assert "Alice added to Finance. Alice must link" in carol.press("Add to the group").text
    assert world.count(Membership) == 1


def test_several_people_are_told_apart_from_those_for_whom_nothing_changes(
    world: World, carol: Visitor
) -> None:
    world.people("alice", "bob", "erin", "frank")
    with world.data():
        world.user("erin").exempt_until = world.clock() + timedelta(days=9)
        world.user("frank").disabled_at = world.clock()
    carol.open("/admin/groups/1")
    pasted = "bob@example.com,\nErin <erin@example.com>\nalice@example.com frank@example.com"
    page = carol.press("Add to the group", email=pasted)
    assert page.title == "Add 4 people to Finance?"
    assert [line.split(" by ")[0] for line in told(page)] == [
        "Alice must link an app or add a passkey",
        "Bob must link an app or add a passkey",
        "Nothing changes for 1 other person at the login.",
    ]
    kept = carol.press("Back").html.select_one("textarea[name=email]")
    assert kept is not None and kept.get_text().split() == pasted.split()
    assert world.count(Membership) == 0
    carol.press("Add to the group")
    assert "4 people added to Finance." in carol.press("Add to the group").text
    assert world.count(Membership) == 4


def test_nobody_is_asked_about_a_change_that_nobody_notices(world: World, carol: Visitor) -> None:
    world.person("alice", groups_=("Finance",))
    world.group("Choir")
    world.person("bob")
    with world.data():
        choir = f"/admin/groups/{world.group_row('Choir').id}"
        world.user("bob").disabled_at = world.clock()
    carol.open(choir)
    assert "Alice added to Choir." in carol.press("Add to the group", email="alice@example.com").text
    assert "Alice removed from Choir." in carol.press("Remove Alice").text
    carol.open("/admin/groups/1")
    assert "already in Finance" in carol.press("Add to the group", email="alice@example.com").text
    assert "Bob added to Finance." in carol.press("Add to the group", email="bob@example.com").text
    carol.open(edit_page(world, "alice"))
    assert "Changes saved." in carol.press("Save", name="Alice Berg").text


def test_removing_somebody_says_so_and_is_no_coloured_button(world: World, carol: Visitor) -> None:
    world.person("alice", groups_=("Finance",))
    carol.open("/admin/groups/1")
    page = carol.press("Remove Alice")
    assert page.title == "Remove Alice from Finance?"
    [sentence] = told(page)
    assert sentence.startswith("Alice will no longer have to link an app or add a passkey by 9 March 2026")
    colours = [button["class"] for button in page.html.main.select("button")]
    assert colours == [["btn", "btn-secondary"], ["btn", "btn-quiet"]]
    assert carol.press("Back").path == "/admin/groups/1"
    assert world.count(Membership) == 1
    carol.press("Remove Alice")
    assert "Alice removed from Finance." in carol.press("Remove from the group").text
    assert world.count(Membership) == 0


def test_an_edit_that_is_noticed_is_confirmed_with_all_that_was_entered(world: World, carol: Visitor) -> None:
    world.group("Sales", required=True)
    world.person("alice")
    with world.data():
        numbers = [str(row.id) for row in Group.query.order_by(Group.name_key)]
    carol.open(edit_page(world, "alice"))
    entered = {"name": "Alice Berg", "groups": numbers, "directory_number": "4711"}
    page = carol.press("Save", **entered)
    assert page.title == "Save these changes for Alice?"
    assert told(page) == [
        "Alice must link an app or add a passkey at the next click or login: required by group Sales."
    ]
    sent_along = page.html.select("form:has([name=confirmed]) [name=groups]")
    assert [field["value"] for field in sent_along] == numbers
    assert world.count(Membership) == 0
    back = carol.press("Back", groups=numbers)
    assert (back.value("name"), back.value("directory_number")) == ("Alice Berg", "4711")
    assert len(back.html.select("input[name=groups][checked]")) == 2
    carol.press("Save", groups=numbers)
    assert "Changes saved." in carol.press("Save", groups=numbers).text
    assert world.count(Membership) == 2
    with world.data():
        assert (world.user("alice").name, world.user("alice").directory_number) == ("Alice Berg", "4711")


def test_a_confirmed_edit_that_is_refused_shows_the_form_with_the_reason(
    world: World, carol: Visitor
) -> None:
    world.people("alice", "bob")
    carol.open(edit_page(world, "alice"))
    carol.press("Save", email="bob@example.com", groups="1")
    page = carol.press("Save")
    assert (page.status, page.value("email")) == (400, "bob@example.com")
    assert world.count(Membership) == 0
