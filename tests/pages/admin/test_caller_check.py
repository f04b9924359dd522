"""How the caller was checked: in the forms of the help desk, on the trail, and in the email to the person."""

import pytest

from mfa_app.core.helpdesk.caller_check import CallerCheck, Way
from mfa_app.core.users import account_lock
from tests.support.browser import Page, Visitor, words
from tests.support.stories import dave_at_work
from tests.support.world import TERMINAL, World

REASON = "Phone lost on the train"
RESET, REMOVE, OPEN = "Reset 2-factor authentication", "Remove the app", "Open the account again"


@pytest.fixture
def dave(world: World) -> Visitor:
    return world.after(dave_and_alice)


def dave_and_alice(world: World) -> Visitor:
    """Return the browser of dave, where alice of Finance has a phone, a tablet and a directory number."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.link_another(world.log_in_and_wait("alice"), "Tablet")
    with world.data():
        world.user("alice").directory_number = "020 123 45 67"
    return dave_at_work(world)


def form_of(world: World, button: str) -> str:
    """Return the address of the form with this button, about alice."""
    if button == REMOVE:
        return world.removal_page("alice", 1)
    if button == OPEN:
        with world.data():
            account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=world.clock())
    return f"/admin/people/{world.id_of('alice')}/{'reset' if button == RESET else 'open'}"


def radios(page: Page) -> list[str]:
    return [label.get_text() for label in page.html.select("#checked label")]


def errors(page: Page) -> list[str]:
    return [error.get_text() for error in page.html.select(".field-error p")]


def has_focus(page: Page) -> list[str]:
    return [found["name"] for found in page.html.select("main [autofocus]")]


@pytest.mark.parametrize("button", [RESET, REMOVE, OPEN])
def test_each_form_asks_how_the_caller_was_checked(world: World, dave: Visitor, button: str) -> None:
    page = dave.open(form_of(world, button))
    assert radios(page) == [
        "I called back on the directory number 020 123 45 67",
        "In person: I know them or saw their badge",
        "Another way",
    ]
    assert not page.html.select("#checked [checked]")
    page = dave.press(button, reason=REASON)
    assert (page.status, has_focus(page)) == (400, ["checked"])
    assert errors(page) == ["Choose how you checked. If you haven't yet, call back first."]
    page = dave.press(button, checked="another way")
    assert (page.status, has_focus(page)) == (400, ["note"])
    assert errors(page) == ["Say in a few words how you checked."]
    assert page.html.find(id="reason").get_text(strip=True) == REASON
    assert [box["value"] for box in page.html.select("#checked [checked]")] == ["another way"]
    assert dave.press(button, note="Her manager stood beside her").status == 200
    event = {RESET: "second_factor.reset", REMOVE: "second_factor.removed", OPEN: "person.opened"}[button]
    details = world.details(event)
    assert details["reason"] == REASON
    assert (details["checked"], details["note"]) == ("another way", "Her manager stood beside her")
    mail = " ".join(world.words_of_last_mail().split())
    assert "They noted how they checked that it was you: “Her manager stood beside her”" in mail


def test_what_no_page_offers_is_not_taken(world: World, dave: Visitor) -> None:
    dave.open(form_of(world, RESET))
    for checked in ("no caller", "terminal", "CALLED_BACK"):
        page = dave.press(RESET, checked=checked, reason=REASON)
        assert (page.status, errors(page)) == (400, ["Choose an option from the list."]), checked
    assert "second_factor.reset" not in world.events()


def test_the_first_field_that_is_wrong_has_the_focus(world: World, dave: Visitor) -> None:
    dave.open(form_of(world, RESET))
    assert has_focus(dave.press(RESET, reason="")) == ["checked"]
    assert has_focus(dave.press(RESET, checked="in person", reason="")) == ["reason"]


def test_without_a_directory_number_the_page_says_where_it_is(world: World, dave: Visitor) -> None:
    with world.data():
        world.user("alice").directory_number = None
    page = dave.open(form_of(world, RESET))
    assert radios(page)[0] == "I called back on the number in the directory"
    assert "not known here" in page.text


@pytest.mark.parametrize(
    ("checked", "on_the_trail", "in_the_mail"),
    [
        (
            "called back",
            "called back on the directory number",
            "They noted that they called you back on your number in the company directory.",
        ),
        ("in person", "in person: known, or with a badge", "They noted that they saw you in person."),
    ],
)
def test_the_trail_and_the_email_say_how(
    world: World, dave: Visitor, checked: str, on_the_trail: str, in_the_mail: str
) -> None:
    dave.open(form_of(world, RESET))
    dave.press(RESET, checked=checked, note="left over", reason=REASON)
    assert in_the_mail in " ".join(world.words_of_last_mail().split())
    assert "left over" not in world.last_mail()
    cora = world.at_work("cora", role="admin")
    trail = cora.open("/admin/trail?event=second_factor.reset").text
    assert f"How the caller was checked: {on_the_trail}" in trail
    assert "In which way" not in trail


def test_two_people_of_one_name_are_told_apart(world: World, dave: Visitor) -> None:
    told = ["Name", "Email address", "Groups", "Directory number", "Last login", "Linked since"]
    for button in (RESET, REMOVE, OPEN):
        page = dave.open(form_of(world, button))
        panel = page.html.find("section", attrs={"aria-labelledby": "whom"})
        assert panel is not None, button
        assert [name.get_text() for name in panel.select("dt")] == told, button
        values = [words(value) for value in panel.select("dd")]
        assert values[:4] == ["Alice", "alice@example.com", "Finance", "020 123 45 67"], button


def test_another_way_needs_a_note() -> None:
    with pytest.raises(ValueError, match="needs a note"):
        CallerCheck(Way.ANOTHER)
    assert CallerCheck(Way.IN_PERSON).details() == {"checked": "in person", "note": None}
