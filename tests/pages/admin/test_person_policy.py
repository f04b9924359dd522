"""Why a person is or is not asked for a code, and what an administrator sets for one person alone."""

from datetime import timedelta

import pytest

from mfa_app.core.common import clock
from mfa_app.core.factors import registry
from mfa_app.core.policy.facts import find_subject
from tests.support.browser import Visitor
from tests.support.stories import carol_at_work
from tests.support.world import World

REASON = "Works where no phone is allowed"


@pytest.fixture
def carol(world: World) -> Visitor:
    return world.after(carol_at_work)


def page_of(world: World, name: str, *more: str) -> str:
    return "/".join((f"/admin/people/{world.id_of(name)}", *more))


def exempt(world: World, carol: Visitor, name: str, *, days: int = 30, reason: str = REASON) -> None:
    carol.open(page_of(world, name, "policy"))
    last_day = (world.clock() + timedelta(days=days)).date().isoformat()
    carol.press("Exempt this person", until=last_day, reason=reason)


def standing(world: World, carol: Visitor, name: str) -> str:
    """Return the sentence on a person's page."""
    return carol.open(page_of(world, name)).html.find(id="second-factor").find_next("p").get_text()


def test_the_page_says_which_group_requires_a_code(world: World, carol: Visitor) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    assert (
        standing(world, carol, "alice")
        == "Alice must link an app or add a passkey at the next login: required by group Finance."
    )
    world.link_and_wait("alice")
    assert standing(world, carol, "alice") == "Alice is asked for a code: required by group Finance."


def test_the_page_says_until_when_grace_lasts(world: World, carol: Visitor) -> None:
    world.group("Finance", required=True, grace_days=7)
    world.person("erin", groups_=("Finance",))
    said = standing(world, carol, "erin")
    assert said.startswith("Erin must link an app or add a passkey by 9 March 2026, 09:")
    assert said.endswith(" UTC: required by group Finance.")


def test_the_page_says_that_nobody_asks(world: World, carol: Visitor) -> None:
    world.person("bob")
    assert (
        standing(world, carol, "bob") == "Bob isn't asked for a code: 2-factor authentication isn't required."
    )


def test_an_app_that_nobody_asks_for_any_more_is_called_dormant(world: World, carol: Visitor) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.require("Finance", False)
    assert standing(world, carol, "alice").endswith("The apps and passkeys stay.")


def test_the_page_says_when_a_requirement_begins(world: World, carol: Visitor) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.require("Finance", required_from=world.clock() + timedelta(days=10))
    assert (
        standing(world, carol, "alice")
        == "Alice isn't asked for a code before 12 March 2026: then it's required by group Finance."
    )


def test_a_link_by_choice_is_named(world: World, carol: Visitor) -> None:
    world.linked_earlier("alice")
    assert (
        standing(world, carol, "alice")
        == "Alice is asked for a code: 2-factor authentication was set up by choice."
    )


def test_a_link_by_choice_is_named_beside_the_rule_that_comes(world: World, carol: Visitor) -> None:
    world.group("Finance")
    world.linked_earlier("alice", groups_=("Finance",))
    world.require("Finance", required_from=world.clock() + timedelta(days=3))
    sentence = "Alice is asked for a code: by choice today, required by group Finance from 5 March 2026."
    assert standing(world, carol, "alice") == sentence
    own = world.log_in_and_wait("alice").open("/account").text
    assert "by your own choice" in own
    assert "2-factor authentication will be required by group Finance from 5 March 2026." in own
    world.clock.advance(days=3)
    carol = world.log_in_and_wait("carol")
    assert standing(world, carol, "alice") == "Alice is asked for a code: required by group Finance."


def test_an_exemption_has_a_length_or_a_last_day(world: World, carol: Visitor) -> None:
    world.people("alice", "bob", "erin")
    for name, length, weekday, last_day in (
        ("alice", "two-weeks", "Monday", "16 March 2026"),
        ("erin", "month", "Thursday", "2 April 2026"),
        ("bob", "week", "Monday", "9 March 2026"),
    ):
        page = carol.open(page_of(world, name, "policy"))
        assert f", until {weekday} {last_day}" in page.text
        carol.press("Exempt this person", length=length, reason=REASON)
        assert f"exempt until {last_day}" in standing(world, carol, name)
    page = carol.open(page_of(world, "bob", "policy"))
    assert "Since 2 March 2026 Last day" in page.text
    assert page.html.select_one("input[name=length][checked]")["value"] == "day"
    carol.press("Save the change", length="two-weeks")  # the last day that stood there counts no more
    assert "exempt until 16 March 2026" in standing(world, carol, "bob")


def test_a_length_beside_another_day_is_asked_about(world: World, carol: Visitor) -> None:
    world.person("bob")
    carol.open(page_of(world, "bob", "policy"))
    page = carol.press("Exempt this person", length="week", until="2026-03-20", reason=REASON)
    (error,) = page.html.select(".field-error")
    assert error.get_text(strip=True) == "You chose a length and another day. Choose one of them."
    assert "person.exempted" not in world.events()
    carol.press("Exempt this person", length="day", until="2026-03-20", reason=REASON)
    assert "exempt until 20 March 2026" in standing(world, carol, "bob")


def test_an_exempt_person_is_not_asked_and_the_page_says_why(world: World, carol: Visitor) -> None:
    world.require(None)
    world.person("bob")
    exempt(world, carol, "bob")
    assert "Exemption saved." in carol.page.text
    assert standing(world, carol, "bob") == (
        "Bob isn't asked for a code: exempt until 1 April 2026 "
        f"(reason: “{REASON}”, given by carol@example.com)."
    )
    assert world.password_given("bob").page.path == "/"
    world.clock.advance(days=31)
    assert world.password_given("bob").page.path == "/enrolment"


def test_an_exemption_can_be_ended(world: World, carol: Visitor) -> None:
    world.require(None)
    world.person("bob")
    exempt(world, carol, "bob")
    carol.open(page_of(world, "bob", "policy"))
    carol.press("End the exemption")
    assert world.events("bob")[-1] == "person.exemption_ended"
    assert world.password_given("bob").page.path == "/enrolment"


def test_an_exemption_needs_a_day_within_a_year_and_a_reason(world: World, carol: Visitor) -> None:
    world.person("bob")
    for days, reason in ((0, REASON), (-1, REASON), (367, REASON), (30, "why"), (30, " ")):
        exempt(world, carol, "bob", days=days, reason=reason)
        assert carol.page.status == 400, (days, reason)
        assert len(carol.page.html.select(".field-error")) == 1, (days, reason)
    assert "person.exempted" not in world.events()


def test_a_day_that_is_none_gets_one_sentence(world: World, carol: Visitor) -> None:
    world.person("bob")
    carol.open(page_of(world, "bob", "policy"))
    for until in ("", "tomorrow", "9999-99-99", "0000-01-01"):
        page = carol.press("Exempt this person", until=until, reason=REASON)
        (error,) = page.html.select(".field-error")
        said = error.get_text(strip=True)
        assert said == "Choose a day in the future, no later than 3 March 2027.", until


def test_an_own_requirement_holds_whatever_the_groups_say(world: World, carol: Visitor) -> None:
    world.person("bob")
    carol.open(page_of(world, "bob", "policy"))
    carol.press("Require 2-factor authentication")
    assert standing(world, carol, "bob").endswith("at the next login: required for this person.")
    assert world.password_given("bob").page.path == "/enrolment"
    carol.open(page_of(world, "bob", "policy"))
    carol.press("End the requirement")
    assert world.password_given("bob").page.path == "/"


def test_the_page_says_what_each_change_would_do(world: World, carol: Visitor) -> None:
    world.group("Finance", required=True, grace_days=7)
    world.person("bob", groups_=("Finance",))
    page = carol.open(page_of(world, "bob", "policy"))
    assert (
        "If you require it: Bob must link an app or add a passkey at the next login: "
        "required for this person." in page.text
    )
    exempt(world, carol, "bob")
    page = carol.open(page_of(world, "bob", "policy"))
    assert "If you end it: Bob must link an app or add a passkey by 9 March 2026, 09:01 UTC" in page.text
    carol.press("Require 2-factor authentication")
    page = carol.open(page_of(world, "bob", "policy"))
    assert "If you end it: Bob must link an app or add a passkey by 9 March 2026, 09:01 UTC" in page.text


def test_nobody_exempts_themselves(world: World, carol: Visitor) -> None:
    page = carol.open(page_of(world, "carol", "policy"))
    assert "Administrators and the help desk can't be exempted" in page.text
    assert page.html.find(attrs={"name": "until"}) is None
    assert carol.post(page_of(world, "carol", "policy"), until="2026-03-20", reason=REASON).status == 403


def test_an_app_that_is_stopped_says_what_to_do(world: World, carol: Visitor) -> None:
    world.linked_earlier("alice")
    alice = world.id_of("alice")
    with world.data():
        registry.lock(find_subject(alice).user, now=clock.now())
    assert "Reset 2-factor authentication so that Alice can set it up again" in standing(
        world, carol, "alice"
    )


def test_one_person_gets_longer_to_link_and_loses_it_again(world: World, carol: Visitor) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    carol.open(page_of(world, "alice", "policy"))
    last_day = (world.clock() + timedelta(days=3)).date().isoformat()
    carol.press("Save the deadline", last_day=last_day)
    assert world.events("alice")[-1] == "person.deadline_set"
    assert standing(world, carol, "alice").startswith(
        "Alice must link an app or add a passkey by 5 March 2026"
    )
    alice = world.password_given("alice")
    assert alice.page.path == "/"
    carol.open(page_of(world, "alice", "policy"))
    carol.press("End the deadline")
    assert world.events("alice")[-1] == "person.deadline_ended"
    alice.open("/")
    assert alice.page.path != "/"


def test_a_deadline_is_a_day_within_ninety(world: World, carol: Visitor) -> None:
    world.person("alice")
    for last_day in ("", "2026-03-01", "2026-07-01"):
        carol.open(page_of(world, "alice", "policy"))
        carol.press("Save the deadline", last_day=last_day)
        assert "hoose" in carol.page.text, last_day
    assert "person.deadline_set" not in world.events()


def test_administrators_and_the_help_desk_are_offered_no_deadline(world: World, carol: Visitor) -> None:
    world.linked("dave")
    page = carol.open(page_of(world, "dave", "policy"))
    assert page.html.find(id="deadline") is None
    carol.post(page_of(world, "dave", "policy", "deadline"), last_day="2026-03-05")
    with world.data():
        assert world.user("dave").link_by is None
