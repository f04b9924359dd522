"""The tab "Exemptions": who is exempt, the way to change or end it, and the list as CSV."""

from datetime import timedelta

import pytest

from tests.support.browser import Visitor
from tests.support.stories import carol_at_work
from tests.support.world import World

TAB = "/admin/exemptions"


@pytest.fixture
def carol(world: World) -> Visitor:
    """The browser of carol, who has exempted alice of Finance until 31 March."""
    world.group("Finance", required=True)
    visitor = world.after(carol_at_work)
    world.person("alice", groups_=("Finance",))
    visitor.open(f"/admin/people/{world.id_of('alice')}/policy")
    visitor.press("Exempt this person", until="2026-03-31", reason="=Laboratory")
    return visitor


def test_the_tab_says_who_is_exempt_until_when_why_and_by_whom(world: World, carol: Visitor) -> None:
    world.person("bob")
    row = carol.open(TAB).html.select_one("tbody tr").get_text("|", strip=True)
    for words in (
        "Alice",
        "alice@example.com",
        "Finance",
        "2 Mar 2026",
        "31 March 2026",
        "=Laboratory",
        "carol@example.com",
    ):
        assert words in row
    assert "bob@example.com" not in carol.page.text
    world.clock.advance(days=30)
    assert "Nobody is exempt" in world.log_in_and_wait("carol").open(TAB).text


def test_an_exemption_is_changed_where_the_tab_leads_to(world: World, carol: Visitor) -> None:
    link = carol.open(TAB).html.select_one("tbody td.end a")
    page = carol.open(link["href"].partition("#")[0])
    assert page.html.select_one("#exemption") is not None and link["href"].endswith("#exemption")
    assert page.html.select_one("input[name=until]")["value"] == "2026-03-31"
    carol.press("Save the change", until="2026-04-15")
    assert world.details("person.exempted")["reason"] == "=Laboratory"
    assert "15 April 2026" in carol.open(TAB).text
    assert "31 March 2026" not in carol.page.text


def test_an_exemption_is_ended_where_the_tab_leads_to(world: World, carol: Visitor) -> None:
    alice = world.password_given("alice")
    assert alice.page.path == "/"
    page = carol.open(carol.open(TAB).html.select_one("tbody td.end a")["href"].partition("#")[0])
    assert "If you end it: Alice must link an app or add a passkey at the next login" in page.text
    carol.press("End the exemption")
    assert "Nobody is exempt" in carol.open(TAB).text
    assert alice.open("/").path == "/enrolment"


def test_the_list_comes_as_csv_in_which_nothing_runs_as_a_formula(world: World, carol: Visitor) -> None:
    carol.open(TAB)
    lines = carol.press("For other programs (commas)").source.splitlines()
    assert world.details("list.downloaded") == {"list": "exempt", "group": ""}
    assert lines == [
        '"name","email","groups","since","last_day","reason","given_by","disabled"',
        '"Alice","alice@example.com","Finance","2026-03-02","2026-03-31","\'=Laboratory","carol@example.com",""',
    ]


def test_who_is_not_an_administrator_sees_no_exemptions(world: World, carol: Visitor) -> None:
    world.linked_earlier("dave")
    dave = world.log_in_and_wait("dave")
    assert TAB not in dave.open("/admin/people").text
    assert (dave.post(f"{TAB}.csv").status, dave.open(TAB).status) == (403, 403)


def test_a_change_needs_a_day_and_a_reason_too(world: World, carol: Visitor) -> None:
    carol.open(f"/admin/people/{world.id_of('alice')}/policy")
    last = (world.clock() + timedelta(days=367)).date().isoformat()
    for typed in ({"until": last}, {"until": ""}, {"reason": " "}):
        assert carol.press("Save the change", **typed).status == 400
    assert world.events("alice").count("person.exempted") == 1
