"""The rules of groups and of everyone: first the page that says what a change does, then the change."""

from datetime import UTC, datetime, timedelta

import pytest

from mfa_app.core.factors import registry
from mfa_app.core.policy import rules
from mfa_app.core.policy.affected import PAGE
from mfa_app.models import Membership
from tests.support.browser import Page, Visitor
from tests.support.statements import statements
from tests.support.stories import carol_of_finance_at_work
from tests.support.world import World


@pytest.fixture
def carol(world: World) -> Visitor:
    """The administrator, who has just entered a code."""
    return world.after(carol_of_finance_at_work)


def preview(visitor: Visitor, path: str = "/admin/groups/1/policy", **fields: object) -> Page:
    visitor.open(path)
    return visitor.press("Continue", **fields)


def rule(world: World, group: str | None = "Finance") -> rules.RuleValues:
    with world.data():
        return rules.values_of(world.group_row(group) if group else None)


def stop_app_of(world: World, name: str) -> None:
    with world.data():
        registry.lock(world.user(name), now=world.clock())


def effects(page: Page) -> list[str]:
    """Return the sentences about what the change will do."""
    section = page.html.find("section", {"aria-labelledby": "effect"})
    assert section is not None
    return [" ".join(item.get_text().split()) for item in section.select("li")]


def affected(page: Page) -> list[str]:
    section = page.html.find("section", {"aria-labelledby": "affected"})
    assert section is not None
    return [item.get_text() for item in section.select(".item-words")]


def rows(page: Page) -> list[list[str]]:
    return [[cell.get_text().strip() for cell in row.select("td")] for row in page.html.select("tbody tr")]


def stand(page: Page) -> list[str]:
    return [tile.get_text() for tile in page.html.select(".stat-value")]


def test_the_preview_names_numbers_and_administrators_and_saves_nothing(world: World, carol: Visitor) -> None:
    world.person("alice", groups_=("Finance",))
    world.person("anton", groups_=("Finance",), role="admin")
    before, events = rule(world), world.events()
    page = preview(carol, required="y")
    assert page.title == "Switch 2-factor authentication on for Finance?"
    assert stand(page) == ["3", "2", "2"]
    assert effects(page)[:3] == [
        "Today: 2 people are asked for a code (1 must set up an app or passkey first).",
        "At once: 3 people are asked for a code (2 must set up an app or passkey first).",
        "People who have to set up an app or passkey do so at their next click or login. "
        "No other page opens before that.",
    ]
    assert "anton@example.com Not linked" in page.text
    assert "carol@example.com Linked" in page.text
    assert (rule(world), world.events()) == (before, events)


def test_only_the_confirmed_switch_is_saved(world: World, carol: Visitor) -> None:
    preview(carol, required="y", grace_days="7", remember_days="0", required_from="2026-04-01")
    page = carol.press("Switch on for 1 person")
    assert page.title == "Finance"
    assert "Required from 1 Apr 2026, grace period of 7 days, no devices remembered" in page.text
    saved = rule(world)
    assert (saved.required, saved.grace_days, saved.remember_days) == (True, 7, 0)
    assert saved.required_from.isoformat() == "2026-04-01T00:00:00+00:00"
    assert world.details("policy.changed")["before"]["required"] is False


def test_back_leads_to_the_form_as_it_was_filled_in(world: World, carol: Visitor) -> None:
    preview(carol, required="y", grace_days="14")
    page = carol.press("Back")
    assert page.status == 200
    assert page.value("grace_days") == "14"
    assert page.html.find(attrs={"name": "required"}).has_attr("checked")
    assert not rule(world).required
    assert "policy.changed" not in world.events()


def test_the_switch_in_the_list_leads_to_the_preview(world: World, carol: Visitor) -> None:
    world.require("Finance", False, grace_days=5)
    carol.open("/admin/groups")
    page = carol.press("Switch on… Finance")
    assert page.title == "Switch 2-factor authentication on for Finance?"
    assert not rule(world).required
    carol.press("Switch on for 1 person")
    assert rule(world) == rules.RuleValues(required=True, grace_days=5)


def test_the_page_of_a_group_leads_to_its_rule_by_one_button(world: World, carol: Visitor) -> None:
    for required in (True, False):
        world.require("Finance", required)
        page = carol.open("/admin/groups/1")
        [way] = page.html.select("section[aria-labelledby=rule] :is(a, button)")
        assert way.get_text() == "Change the rule"
        assert carol.follow("Change the rule").html.find(attrs={"name": "required"}), required


def test_a_policy_tightened_at_noon_holds_at_the_next_click(world: World, carol: Visitor) -> None:
    world.person("alice", groups_=("Finance",))
    alice = world.password_given("alice")
    assert alice.open("/account").path == "/account"
    preview(carol, required="y")
    carol.press("Switch on for 2 people")
    assert alice.open("/account").path == "/enrolment"
    assert "Your group Finance requires 2-factor authentication." in alice.page.text
    alice.press("Enable", code=world.phone_that_scans(alice.page).code())
    assert alice.page.path == "/account/recovery-codes"
    assert (alice.follow("Not now").path, alice.page.title) == ("/account", "Your account")


def test_off_and_on_again_asks_nobody_to_scan_anew(world: World, carol: Visitor) -> None:
    world.require("Finance")
    world.linked_earlier("alice", groups_=("Finance",))
    page = preview(carol, required=None)
    assert "Their apps and passkeys stay" in page.text
    carol.press("Switch off for 2 people")
    assert world.password_given("alice").page.path == "/"
    preview(carol, required="y")
    carol.press("Switch on for 2 people")
    assert world.password_given("alice").page.path == "/login/code"
    assert world.log_in_and_wait("alice").page.path == "/"


def test_a_switch_writes_one_rule_and_touches_no_member(world: World, carol: Visitor) -> None:
    world.people("alice", "bob", "erin", groups_=("Finance",))
    before = world.count(Membership)
    preview(carol, required="y")
    with statements(world) as sent:
        carol.press("Switch on for 4 people", follow=False)
    changed = [words.split()[1] for words in sent if words.startswith(("UPDATE", "DELETE"))]
    assert changed.count("user_group") == 1
    assert not {"membership", "user_account", "authenticator"} & set(changed)
    assert world.count(Membership) == before


@pytest.mark.parametrize("required", [True, False])
def test_no_switch_decides_about_administrators_and_the_help_desk(world: World, required: bool) -> None:
    for name in ("carol", "dave"):
        world.linked_earlier(name)
    world.person("anton", role="admin")
    world.require(None, required)
    for name in ("carol", "dave"):
        assert world.password_given(name).page.path == "/login/code"
    assert world.password_given("anton").page.path == "/enrolment"


def test_the_rule_for_everyone_counts_everybody_but_the_exempt_and_disabled(
    world: World, carol: Visitor
) -> None:
    world.people("alice", "bob", "erin")
    with world.data():
        world.user("bob").disabled_at = world.clock()
        world.user("erin").exempt_until = world.clock().replace(year=2027)
    page = preview(carol, "/admin/policy", required="y")
    assert page.title == "Switch 2-factor authentication on for everyone?"
    assert stand(page) == ["2", "1", "1"]
    carol.press("Switch on for 2 people")
    assert carol.page.path == "/admin/policy"
    assert rule(world, None).required


OUT_OF_BOUNDS = (
    ("grace_days", "91"),
    ("grace_days", "-1"),
    ("grace_days", ""),
    ("grace_days", "many"),
    ("remember_days", "366"),
    ("remember_days", "1.5"),
    ("remember_days", "9" * 5000),
    ("required_from", "tomorrow"),
    ("required_from", "9999-12-31"),
    ("required_from", "0001-01-01"),
)


def test_a_value_out_of_bounds_gets_one_sentence_and_stays(world: World, carol: Visitor) -> None:
    form = carol.open("/admin/groups/1/policy")
    for field, value in OUT_OF_BOUNDS:
        carol.page = form
        page = carol.press("Continue", required="y", **{field: value})
        assert page.status == 400, (field, value)
        assert len(page.html.select(".field-error p")) == 1
        assert page.value(field) == value
    assert not rule(world).required


def test_a_rule_for_a_later_day_says_that_nobody_is_asked_before(world: World, carol: Visitor) -> None:
    world.person("alice", groups_=("Finance",))
    page = preview(carol, required="y", required_from="2026-04-01")
    assert "The rule starts on 1 Apr 2026" in page.text
    assert effects(page)[1:3] == [
        "Today: 1 person is asked for a code.",
        "From Wednesday 1 April 2026: 2 people are asked for a code (1 must set up an app or passkey first).",
    ]
    assert "get an email: 2 Mar 2026, 29 Mar 2026, 1 Apr 2026." in page.text
    carol.press("Switch on for 2 people")
    assert world.password_given("alice").page.path == "/"


def test_the_preview_counts_the_grace_of_each_person(world: World, carol: Visitor) -> None:
    world.clock.advance(days=5)
    world.people("alice", "bob", groups_=("Finance",))
    carol = world.log_in_and_wait("carol")
    page = preview(carol, required="y", required_from="2026-03-09", grace_days="7")
    assert effects(page)[1:4] == [
        "Today: 1 person is asked for a code.",
        "From Monday 9 March 2026: 1 person is asked for a code.",
        "From Saturday 14 March 2026, 09:01 UTC, when the last grace period is over: "
        "3 people are asked for a code (2 must set up an app or passkey first).",
    ]
    carol.press("Switch on for 3 people")
    person = carol.open(f"/admin/people/{world.id_of('alice')}")
    assert "must link an app or add a passkey by 14 March 2026, 09:01 UTC" in person.text


def test_a_rule_for_at_once_leaves_new_people_their_grace(world: World, carol: Visitor) -> None:
    world.person("alice", groups_=("Finance",))
    page = preview(carol, required="y", grace_days="14")
    assert effects(page)[:2] == [
        "Today: 1 person is asked for a code.",
        "From Monday 16 March 2026, 09:01 UTC, when the last grace period is over: "
        "2 people are asked for a code (1 must set up an app or passkey first).",
    ]
    assert "at their next click" not in page.text


def test_the_preview_names_who_is_exempt(world: World, carol: Visitor) -> None:
    world.person("alice", groups_=("Finance",))
    with world.data():
        world.user("alice").exempt_until = world.clock() + timedelta(days=8)
    page = preview(carol, required="y")
    assert "Exempt: alice@example.com until 10 March 2026." in effects(page)


def test_switching_off_says_who_is_still_asked(world: World, carol: Visitor) -> None:
    world.require("Finance")
    world.person("alice", groups_=("Finance",))
    page = preview(carol, required=None)
    assert effects(page)[:2] == [
        "Today: 2 people are asked for a code (1 must set up an app or passkey first).",
        "At once: 1 person is asked for a code.",
    ]
    assert "who opted in, are still asked" in page.text


def test_switching_off_a_rule_that_is_still_to_come_says_that_nobody_is_asked_yet(
    world: World, carol: Visitor
) -> None:
    world.person("alice", groups_=("Finance",))
    world.require("Finance", required_from=datetime(2026, 3, 9, tzinfo=UTC))
    page = preview(carol, required=None)
    assert effects(page)[:2] == [
        "Nobody is asked because of this rule yet: it would start on Monday 9 March 2026.",
        "1 person no longer has to set up an app or passkey by Monday 9 March 2026.",
    ]
    carol.press("Switch off")
    assert not rule(world).required


def test_each_number_of_a_preview_leads_to_the_names_with_their_own_dates(
    world: World, carol: Visitor
) -> None:
    world.linked_earlier("bob", groups_=("Finance",))
    world.clock.advance(days=2)
    world.people("alice", "erin", groups_=("Finance",))
    with world.data():
        world.user("erin").exempt_until = world.clock() + timedelta(days=8)
    carol = world.log_in_and_wait("carol")
    page = preview(carol, required="y", grace_days="7")
    assert affected(page) == [
        "1 person is newly asked for a code",
        "2 people are asked as today",
        "1 person must set up an app or passkey",
        "1 person is exempt",
    ]
    before = rule(world), world.events()
    page = carol.follow("Names1 person must set up an app or passkey")
    assert page.title == "Must set up an app or passkey"
    assert rows(page) == [
        ["Alicealice@example.com", "Not asked", "Must set up an app or passkey by 11 March 2026, 09:01 UTC"]
    ]
    file = carol.press("For other programs (commas)").response
    assert file.mimetype == "text/csv"
    before[1].append("list.downloaded")
    assert world.details("list.downloaded") == {"list": "affected by a rule", "group": "Finance"}
    assert file.text.splitlines()[1:] == [
        '"alice@example.com","Alice","Finance","Not asked",'
        '"Must set up an app or passkey by 11 March 2026, 09:01 UTC"'
    ]
    carol.open(page.response.request.full_path)
    assert carol.press("Back to the preview").title == "Switch 2-factor authentication on for Finance?"
    page = carol.follow("Names2 people are asked as today")
    assert [row[0] for row in rows(page)] == ["Bobbob@example.com", "Carolcarol@example.com"]
    assert rows(page)[0][1:] == ["Asked for a code", "Asked for a code"]
    assert (rule(world), world.events()) == before


def test_the_preview_says_which_remembered_devices_are_asked_again(world: World, carol: Visitor) -> None:
    world.require("Finance")
    world.linked_earlier("bob", groups_=("Finance",))
    bob = world.log_in_and_wait("bob", remember=True)
    bob.press("Log out")
    world.clock.advance(days=3)
    carol = world.log_in_and_wait("carol")
    assert "Today 1 device is remembered; it is not asked again." in effects(
        preview(carol, required="y", remember_days="4")
    )
    page = preview(carol, required="y", remember_days="2")
    assert "Today 1 device is remembered; it is asked again." in effects(page)
    page = carol.follow("Names1 person is asked again on a remembered device")
    assert rows(page) == [["Bobbob@example.com", "Not asked on a remembered device", "Asked for a code"]]
    file = carol.press("For other programs (commas)").response
    assert [line.split(",")[0] for line in file.text.splitlines()[1:]] == ['"bob@example.com"']
    carol.open(page.response.request.full_path)
    assert world.password_given("bob", bob).page.path == "/"
    bob.press("Log out")
    carol.press("Back to the preview")
    carol.press("Save")
    assert world.password_given("bob", bob).page.path == "/login/code"


def test_a_list_of_names_has_pages(world: World, carol: Visitor) -> None:
    world.people(*(f"p{number:02}" for number in range(PAGE + 1)), groups_=("Finance",))
    page = preview(carol, required="y")
    page = carol.follow(f"Names{PAGE + 1} people are newly asked for a code")
    assert [row[0] for row in rows(page)][:: PAGE - 1] == ["P00p00@example.com", "P49p49@example.com"]
    assert [row[0] for row in rows(carol.follow("Next"))] == ["P50p50@example.com"]
    assert len(rows(carol.follow("First page"))) == PAGE


def test_a_list_without_a_preview_is_no_page(world: World, carol: Visitor) -> None:
    for query in ("", "?grace_days=1&remember_days=1&whom=all", "?grace_days=x&whom=newly"):
        for path in ("policy/people", "groups/1/policy/people", "groups/9/policy/people"):
            assert carol.client.get(f"/admin/{path}{query}").status_code == 404, (path, query)
        assert carol.post(f"/admin/groups/1/policy/people.csv{query}").status == 404
    assert "list.downloaded" not in world.events()


def test_only_a_button_that_switches_on_is_coloured(world: World, carol: Visitor) -> None:
    for required, coloured in (("y", True), (None, False)):
        world.require("Finance", not required)
        button, *_ = preview(carol, required=required).html.select("main button")
        assert ("btn-primary" in button["class"]) is coloured
        assert "btn-danger" not in button["class"]


def test_a_form_without_change_has_nothing_to_save(world: World, carol: Visitor) -> None:
    page = preview(carol)
    assert "this is the rule as it is now" in page.text
    assert [button.get_text() for button in page.html.select("main button")] == ["Back"]


def test_a_confirmation_with_bad_values_saves_nothing(world: World, carol: Visitor) -> None:
    carol.open("/admin/groups/1/policy")
    assert carol.post("/admin/groups/1/policy", version="0", required="y").status == 400
    assert not rule(world).required


def test_the_overview_of_rules_says_each_in_words(world: World, carol: Visitor) -> None:
    world.group("Sales", required=True, grace_days=7)
    page = carol.open("/admin/policy")
    assert "Sales 0 On Required, grace period of 7 days, devices remembered for 30 days" in page.text
    assert "Finance 1 Off" in page.text


def test_own_words_for_the_emails_are_kept_with_the_rule(world: World, carol: Visitor) -> None:
    page = preview(carol, required="y", mail_text="Ask Petra\n<b>on floor 2</b>.")
    (email,) = page.html.select("pre")
    assert "Ask Petra <b>on floor 2</b>." in email.get_text() and "Second Gate" in email.get_text()
    assert carol.press("Switch on for 1 person").path == "/admin/groups/1"
    carol.open("/admin/groups/1/policy")
    page = carol.press("Continue")
    assert "Nothing: this is the rule as it is now." in page.text
    page = preview(carol, mail_text="Ask Quentin.")
    assert effects(page) == ["The rule stays as it is. Only its emails have other words."]
    carol.press("Save")
    assert "Ask Quentin." in carol.open("/admin/groups/1/policy").source
    assert world.details("policy.changed")["after"]["mail_text"] == "Ask Quentin."
    assert "Ask Quentin." in carol.open("/admin/trail").text
    page = preview(carol, mail_text="x" * 1001)
    assert "Use at most 1000 characters." in page.text
    page = preview(carol, mail_text="Ask \x07Petra.")
    assert page.html.select_one("#mail_text-error") is not None
    toggle = carol.open("/admin/groups").html.select_one("input[name=mail_text]")
    assert toggle is not None and toggle["value"] == "Ask Quentin."
    preview(carol, mail_text="")
    carol.press("Save")
    assert "mail_text" not in world.details("policy.changed")["after"]
    assert "Own words in the emails: Ask Quentin. → none" in carol.open("/admin/trail").text


def test_a_preview_shows_the_email_that_people_get_first(world: World, carol: Visitor) -> None:
    page = preview(carol, required="y", required_from="2026-03-16")
    assert "Second Gate will need 2-factor authentication" in page.text
    page = preview(carol, required="y", required_from="2026-03-04")
    assert "2-factor authentication at Second Gate starts on Wednesday 4 March 2026" in page.text


def test_a_preview_for_passkeys_shows_the_email_for_passkeys(world: World, carol: Visitor) -> None:
    page = preview(carol, "/admin/policy", required="y", passkey_only="y", required_from="2026-03-16")
    (email,) = page.html.select("pre")
    words = " ".join(email.get_text().split())
    assert "From Monday 16 March 2026, your account at Second Gate opens only with a passkey." in words
    page = preview(carol, "/admin/policy")
    assert page.html.select("pre") == []
