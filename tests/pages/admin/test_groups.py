"""The pages about groups: making, renaming and deleting them, who is in which, and who may open the pages."""

from typing import Any

import pytest

from mfa_app.core.groups import groups
from mfa_app.core.users import accounts, lookup, newcomers
from mfa_app.models import Group, Membership
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.stories import carol_at_work, carol_at_work_and_finance
from tests.support.world import TERMINAL, World

PAGES = ["", "/groups", "/groups/new", "/groups/1", "/groups/1/name", "/groups/1/delete", "/groups/1/policy"]
POSTS = ["/groups/1/members", "/groups/1/members/1/remove"]


@pytest.fixture
def carol(world: World) -> Visitor:
    """The administrator, who has just entered a code."""
    return world.after(carol_at_work_and_finance)


def members(world: World, group: str) -> set[int]:
    with world.data():
        rows = Membership.query.filter_by(group_id=world.group_row(group).id)
        return {row.user_id for row in rows}


def test_a_new_group_is_made_and_shown_empty(world: World, carol: Visitor) -> None:
    carol.open("/admin/groups/new")
    page = carol.press("Create the group", name="  Human   Resources ")
    assert page.title == "Human Resources"
    assert "Nobody is in this group yet" in page.text
    assert world.details("group.created") == {"group": "Human Resources"}


def test_a_name_in_other_spelling_is_refused_and_kept_in_the_field(world: World, carol: Visitor) -> None:
    carol.open("/admin/groups/new")
    page = carol.press("Create the group", name="\uff26INANCE")
    assert page.status == 400
    assert "already a group with this name" in page.text
    assert page.value("name") == "\uff26INANCE"
    assert world.count(Group) == 1


def test_a_name_that_is_no_name_is_refused_with_a_sentence(world: World, carol: Visitor) -> None:
    carol.open("/admin/groups/new")
    for name in ("", "   ", "x" * 201, "ﷺ" * 30):
        page = carol.press("Create the group", name=name)
        assert page.status == 400, name
        assert page.html.find(class_="field-error"), name
    assert world.count(Group) == 1


def test_a_group_is_renamed_and_keeps_its_members(world: World, carol: Visitor) -> None:
    world.person("alice", groups_=("Finance",))
    carol.open("/admin/groups/1/name")
    page = carol.press("Rename", name="Accounting")
    assert page.title == "Accounting"
    assert members(world, "Accounting") == {world.id_of("alice")}
    assert world.details("group.renamed") == {"group": "Accounting", "before": "Finance"}


def test_renaming_to_the_name_of_another_group_is_refused(world: World, carol: Visitor) -> None:
    world.group("Sales")
    carol.open("/admin/groups/1/name")
    page = carol.press("Rename", name="sales")
    assert (page.status, page.value("name")) == (400, "sales")


def test_several_groups_are_made_one_after_the_other(world: World, carol: Visitor) -> None:
    carol.open("/admin/groups/new")
    for name in ("Reception", "Sales"):
        page = carol.press("Create and make another", name=name)
        assert page.title == "New group" and f"Group {name} created." in page.text
        assert page.html.select_one("[name=name]")["value"] == ""
    assert carol.press("Create the group", name="IT").title == "IT"


def test_the_page_before_deleting_says_how_many_are_in_it_and_what_stops(
    world: World, carol: Visitor
) -> None:
    world.person("alice", groups_=("Finance",))
    world.person("bob", groups_=("Finance",))
    world.require("Finance")
    carol.open("/admin/groups/1/delete")
    assert "2 people are members" in carol.page.text
    assert "Today: 2 people are asked for a code (2 must set up an app or passkey first)." in carol.page.text
    assert "At once: nobody is asked for a code." in carol.page.text
    named = carol.follow("Names2 people are no longer asked for a code")
    assert [cell.get_text() for cell in named.html.select("tbody td")][1:3] == [
        "Must set up an app or passkey now",
        "Not asked",
    ]
    carol.open("/admin/groups/1/delete")
    carol.press("Delete the group")
    assert world.count(Group) == 0
    assert world.count(Membership) == 0
    assert world.id_of("alice")


def test_a_new_member_is_told_with_the_date_by_which_to_link(world: World, carol: Visitor) -> None:
    world.person("alice")
    world.require("Finance", grace_days=7)
    carol.open("/admin/groups/1")
    carol.press("Add to the group", email="alice@example.com")
    page = carol.press("Add to the group")
    assert (
        "Alice added to Finance. Alice must link an app or add a passkey by 9 March 2026, 09:01 UTC: "
        "required by group Finance." in page.text
    )
    carol.press("Remove Alice")
    page = carol.press("Remove from the group")
    assert "Alice removed from Finance. Alice isn't asked for a code" in page.text


def test_somebody_is_added_by_address_in_any_spelling(world: World, carol: Visitor) -> None:
    world.person("alice")
    carol.open("/admin/groups/1")
    page = carol.press("Add to the group", email=" ALICE@Example.com ")
    assert "Alice added to Finance." in page.text
    assert members(world, "Finance") == {world.id_of("alice")}
    page = carol.press("Add to the group", email="alice@example.com")
    assert "already" in page.text
    assert world.events("alice").count("group.member_added") == 1


def test_an_address_of_nobody_is_refused_and_kept(world: World, carol: Visitor) -> None:
    carol.open("/admin/groups/1")
    for email in ("", "nobody", "a@b@c", "<script>alert(1)</script>", "x" * 400):
        page = carol.press("Add to the group", email=email)
        assert page.status == 400, email
        assert page.html.find(class_="field-error"), email
        kept = page.html.select_one("textarea[name=email]")
        assert kept is not None and kept.get_text().strip() == email
    assert not members(world, "Finance")


def test_somebody_is_removed_once(world: World, carol: Visitor) -> None:
    world.person("alice", groups_=("Finance",))
    alice = world.id_of("alice")
    carol.open("/admin/groups/1")
    page = carol.press("Remove Alice")
    assert "Alice removed from Finance." in page.text
    assert not members(world, "Finance")
    assert carol.post(f"/admin/groups/1/members/{alice}/remove").status == 404


def test_members_come_fifty_a_page(world: World, carol: Visitor) -> None:
    with world.data():
        for number in range(101):
            profile = accounts.Profile(f"member{number:03}@example.com", f"Member {number:03}")
            facts = {"password": None, "actor": TERMINAL, "now": world.clock()}
            accounts.create(profile, groups=[groups.find("Finance")], **facts)
    page = carol.open("/admin/groups/1")
    seen = []
    while True:
        seen.append([cell.get_text() for cell in page.html.select("tbody td:first-child .muted")])
        if not (link := page.html.find("a", rel="next")):
            break
        page = carol.open(link["href"])
    assert [len(names) for names in seen] == [50, 50, 1]
    assert len({name for names in seen for name in names}) == 101


def test_names_are_shown_as_they_are_written(world: World, carol: Visitor) -> None:
    name = "<script>alert(1)</script>"
    carol.open("/admin/groups/new")
    assert carol.press("Create the group", name=name).title == name
    for path in ("/admin/groups", "/admin/policy", "/admin/trail", "/admin"):
        page = carol.open(path)
        assert name in page.text
        assert all(script.get("src") for script in page.html.find_all("script"))


@pytest.mark.parametrize("name", ["alice", "dave"])
def test_staff_and_help_desk_may_open_none_of_the_pages(world: World, name: str) -> None:
    world.group("Finance")
    world.linked_earlier(name)
    visitor = world.log_in_and_wait(name)
    more = ("/policy", "/trail")
    answers = {visitor.open(f"/admin{path}", follow=False).status for path in (*PAGES, *more)}
    answers |= {visitor.post(f"/admin{path}").status for path in (*POSTS, "/policy", "/trail.csv")}
    assert answers == {403}


def test_groups_that_are_not_there_are_not_found(world: World, carol: Visitor) -> None:
    for path in ("", "/name", "/delete", "/policy"):
        assert carol.open(f"/admin/groups/999{path}").status == 404
    assert carol.open("/admin/groups/99999999999999").status == 404
    carol.open("/admin/groups")
    assert carol.post("/admin/groups/999/members", email="carol@example.com").status == 404


def test_ones_own_group_that_requires_2fa_is_not_deleted(world: World, carol: Visitor) -> None:
    world.require("Finance")
    with world.data():
        groups.add_member(world.group_row("Finance"), world.user("carol"), actor=TERMINAL, now=world.clock())
    carol.open("/admin/groups/1/delete")
    page = carol.press("Delete the group")
    assert (page.path, "Ask another administrator" in page.text) == ("/admin/groups/1", True)
    assert "group.deleted" not in world.events()
    world.require("Finance", False)
    carol.open("/admin/groups/1/delete")
    carol.press("Delete the group")
    assert "group.deleted" in world.events()


def test_many_people_become_members_at_one_press(world: World) -> None:
    carol = world.after(carol_at_work)
    world.group("Finance")
    world.people("alice", "bob", "erin", "frank")
    with world.data():
        finance = f"/admin/groups/{world.group_row('Finance').id}"
    carol.open(finance)
    pasted = "Alice Berg <ALICE@example.com>; bob@example.com,\nerin@example.com alice@example.com"
    assert "3 people added to Finance." in carol.press("Add to the group", email=pasted).text
    assert world.count(Membership) == 3
    page = carol.press("Add to the group", email="bob@example.com frank@example.com")
    assert "1 person added to Finance." in page.text
    assert "1 person was a member already." in page.text
    page = carol.press("Add to the group", email="carol@example.com zoe@example.com zac@example.com")
    assert page.title == "Who joins Finance?"
    page = carol.press("Back")
    many = " ".join(f"p{number}@example.com" for number in range(51))
    assert "at most 50" in carol.press("Add to the group", email=many).text
    assert world.count(Membership) == 4


@pytest.fixture
def finance(world: World) -> tuple[Visitor, str]:
    """Carol on the page of Finance, in a company with three people called Anna."""
    carol = world.after(carol_at_work)
    world.group("Finance")
    world.people("alice", "anna", "anne", "bob")
    for name, shown in (("alice", "Alice Vandenhuis"), ("anna", "Anna Berg"), ("anne", "Anna Jansen")):
        world.rename(name, shown)
    with world.data():
        page = f"/admin/groups/{world.group_row('Finance').id}"
    carol.open(page)
    return carol, page


def test_a_name_that_fits_one_person_is_enough(world: World, finance: tuple[Visitor, str]) -> None:
    carol, _page = finance
    page = carol.press("Add to the group", email="huis; anna berg\nbob@example.com")
    assert "3 people added to Finance." in page.text
    assert members(world, "Finance") == {world.id_of(name) for name in ("alice", "anna", "bob")}


def test_a_name_that_fits_several_people_offers_them(world: World, finance: tuple[Visitor, str]) -> None:
    carol, _page = finance
    page = carol.press("Add to the group", email="Anna, bob@example.com")
    assert (page.status, page.title) == (200, "Who joins Finance?")
    assert "anna@example.com" in page.text and "anne@example.com" in page.text
    assert not members(world, "Finance")
    page = carol.press("Add to the group", people=[world.id_of("anne")])
    assert "2 people added to Finance." in page.text
    assert members(world, "Finance") == {world.id_of("anne"), world.id_of("bob")}


def test_addresses_without_an_account_are_added_and_invited_under_names_to_check(
    world: World, finance: tuple[Visitor, str]
) -> None:
    carol, _page = finance
    page = carol.press(
        "Add to the group", email="Dr. Zoe Zeta <zoe@firma.nl>, piet.de-boer@firma.nl, bob@example.com"
    )
    assert "2 email addresses have no account yet" in page.text
    assert (page.value("newcomers-0-name"), page.value("newcomers-1-name")) == (
        "Dr. Zoe Zeta",
        "Piet De Boer",
    )
    page = carol.press("Add these 2 people and invite them", **{"newcomers-1-name": " "})
    assert page.status == 400 and "Enter a name." in page.text
    assert world.count(Membership) == 0
    page = carol.press("Add these 2 people and invite them", **{"newcomers-1-name": "Piet de Boer"})
    assert "1 person added to Finance." in page.text
    assert "2 people added to the site, invited and added to Finance." in page.text
    assert world.mails("piet.de-boer@firma.nl") == ["invitation"]
    with world.data():
        piet = lookup.find_by_email("piet.de-boer@firma.nl")
        assert piet is not None and (piet.name, piet.role) == ("Piet de Boer", "staff")
    assert world.count(Membership) == 3


def test_who_gets_an_account_meanwhile_joins_with_it(world: World, finance: tuple[Visitor, str]) -> None:
    carol, _page = finance
    carol.press("Add to the group", email="zoe@example.com, zac@example.com")
    world.person("zoe")
    page = carol.press("Add these 2 people and invite them")
    assert "1 person added to Finance." in page.text
    assert "1 person added to the site, invited" in page.text


def test_two_spellings_of_one_address_are_one_newcomer(world: World, finance: tuple[Visitor, str]) -> None:
    carol, _page = finance
    page = carol.press("Add to the group", email="Zed@firma.nl, zed@FIRMA.nl")
    assert "1 email address has no account yet" in page.text
    page = carol.press("Add this person and invite them")
    assert "1 person added to the site, invited and added to Finance." in page.text


def test_what_fits_nobody_is_named_and_nobody_joins(world: World, finance: tuple[Visitor, str]) -> None:
    carol, _page = finance
    page = carol.press("Add to the group", email="Nobody Known, a@b@c, bob@example.com")
    assert page.status == 400
    assert "these fit no one, or too many people: Nobody Known, a@b@c." in page.text
    page = carol.press("Add to the group", email=", ".join(f"name{number}" for number in range(11)))
    assert "at most 10 names" in page.text
    assert not members(world, "Finance")


def test_the_question_before_names_those_who_are_new(world: World, finance: tuple[Visitor, str]) -> None:
    carol, _page = finance
    world.require("Finance")
    carol.press("Add to the group", email="bob@example.com zoe@example.com")
    page = carol.press("Add this person and invite them")
    assert page.title == "Add 2 people to Finance and invite Zoe, who is new?"
    page = carol.press("Add and invite")
    assert "1 person added to Finance." in page.text
    assert "1 person added to the site, invited and added to Finance." in page.text
    carol.press("Add to the group", email="anna@example.com zac@example.com zeb@example.com")
    page = carol.press("Add these 2 people and invite them")
    assert page.title == "Add 3 people to Finance and invite the 2 of them who are new?"


@both_databases
def test_nobody_joins_a_group_that_is_deleted_meanwhile(world: World, monkeypatch) -> None:
    carol = world.after(carol_at_work)
    world.group("Finance")
    world.person("bob")
    carol.open("/admin/groups/1")
    begin_change = newcomers.begin_change

    def late(*about: Any) -> None:
        monkeypatch.setattr(newcomers, "begin_change", begin_change)
        with world.data():
            groups.remove(world.group_row("Finance"), actor=TERMINAL)
        begin_change(*about)

    monkeypatch.setattr(newcomers, "begin_change", late)
    page = carol.press("Add to the group", email="bob@example.com")
    assert page.status == 404
    assert "already in" not in page.text + carol.open("/admin/groups").text


def test_newcomers_that_nobody_typed_are_not_added(world: World, finance: tuple[Visitor, str]) -> None:
    carol, page = finance
    forged = {"newcomers-0-email": "eve@evil.example", "newcomers-0-name": "Eve", "chosen": "yes"}
    carol.post(f"{page}/members", email="bob@example.com", **forged)
    assert members(world, "Finance") == {world.id_of("bob")}


@both_databases
def test_ticks_that_no_page_has_choose_nobody(world: World, finance: tuple[Visitor, str]) -> None:
    carol, page = finance
    for people in ("x", "-1", "0", "9" * 15, "9" * 30):
        answer = carol.post(f"{page}/members", email="bob@example.com", people=people, chosen="yes")
        assert answer.status == 302
    assert members(world, "Finance") == {world.id_of("bob")}


def test_the_way_back_keeps_what_was_typed(finance: tuple[Visitor, str]) -> None:
    carol, _page = finance
    carol.press("Add to the group", email="zoe@example.com")
    page = carol.press("Back")
    kept = page.html.select_one("textarea[name=email]")
    assert kept is not None and kept.get_text().strip() == "zoe@example.com"
