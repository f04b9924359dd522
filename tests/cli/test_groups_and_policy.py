"""`second-gate groups ...` and `second-gate policy ...`: who needs a second factor."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from mfa_app.core.common import days
from mfa_app.extensions import db
from mfa_app.models import Group, GroupCount, TrailHead
from tests.support.databases import both_databases
from tests.support.passkey_rows import passkey_of
from tests.support.refusals.passkeys import address_is_a_number
from tests.support.terminal import Typist, done, refused
from tests.support.world import World


@both_databases
def test_a_new_member_of_a_group_with_2fa_must_link_an_app(world: World, typed: Typist) -> None:
    assert "requires 2-factor" in done(typed("groups", "add", "Finance", "--require-2fa"))
    world.person("alice", groups_=("Finance",))
    assert world.password_given("alice").page.path == "/enrolment"
    assert done(typed("groups", "list")).splitlines()[1].split()[:2] == ["Finance", "required"]
    assert "required by group Finance" in done(typed("policy", "explain", "alice@example.com"))


def test_switching_a_group_on_prints_who_it_affects(world: World, typed: Typist) -> None:
    world.group("Finance")
    world.linked_earlier("carol", groups_=("Finance",))
    for name in ("alice", "bob"):
        world.person(name, groups_=("Finance",))
    assert done(typed("groups", "require", "Finance", "on")).splitlines() == [
        "Finance requires 2-factor authentication.",
        "It applies to 3 people.",
        "Today: 1 person is asked for a code.",
        "At once: 3 people are asked for a code (2 must set up an app or passkey first).",
        "This includes these administrators: carol@example.com.",
    ]


def test_a_group_that_accepts_passkeys_only_prints_who_must_add_one(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("carol", groups_=("Finance",))
    world.person("alice", groups_=("Finance",))
    assert done(typed("groups", "require", "Finance", "on", "--passkey-only")).splitlines() == [
        "Finance requires 2-factor authentication.",
        "It applies to 2 people.",
        "Today: 2 people are asked for a code (1 must set up an app or passkey first).",
        "At once: 2 people are asked for a passkey or a code (2 must add a passkey first).",
        "This includes these administrators: carol@example.com (no passkey).",
    ]
    assert "required, passkey only" in done(typed("groups", "list"))
    explained = done(typed("policy", "explain", "carol@example.com"))
    assert "Carol must add a passkey at the next login: required by group Finance." in explained
    assert "Finance: required, passkey only" in explained
    done(typed("groups", "require", "Finance", "on"))
    assert "passkey only" in done(typed("groups", "list")), "what is left out stays"
    done(typed("groups", "require", "Finance", "on", "--app-or-passkey", "--passkey-alone"))
    assert "a passkey needs no password" in done(typed("policy", "explain", "carol@example.com"))


def test_where_nobody_can_have_a_passkey_none_is_required(world: World, typed: Typist) -> None:
    world.group("Finance")
    with world.app.app_context(), address_is_a_number():
        said = refused(typed("groups", "require", "Finance", "on", "--passkey-only"))
    assert "Passkeys don't work on this site" in said
    assert world.events() == ["group.created"]


def test_nor_is_a_rule_that_wants_one_switched_on_there(world: World, typed: Typist) -> None:
    world.group("Finance", passkey_only=True)
    with world.app.app_context(), address_is_a_number():
        said = refused(typed("groups", "require", "Finance", "on"))
        done(typed("groups", "require", "Finance", "off"))
    assert "Passkeys don't work on this site" in said


def test_switching_a_group_off_prints_who_is_still_asked(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    assert done(typed("groups", "require", "Finance", "off")).splitlines() == [
        "Finance doesn't require 2-factor authentication.",
        "Apps and passkeys stay.",
        "Today: 1 person is asked for a code (1 must set up an app or passkey first).",
        "At once: nobody is asked for a code.",
        "1 person no longer has to set up an app or passkey.",
    ]


def test_switching_on_twice_saves_once(world: World, typed: Typist) -> None:
    world.group("Finance")
    for switch in ("on", "on", "off", "off"):
        done(typed("groups", "require", "Finance", switch))
    assert world.events() == ["group.created", "policy.changed", "policy.changed"]


@pytest.mark.parametrize(
    "words",
    [
        ["groups", "require", "IT", "on"],
        ["policy", "everyone", "on"],
        ["users", "join", "carol@example.com", "Finance"],
    ],
)
def test_neither_rule_nor_membership_decides_whether_the_last_administrator_gets_in(
    world: World, typed: Typist, words: list[str]
) -> None:
    world.group("IT")
    world.group("Finance", required=True)
    world.person("carol", groups_=("IT",))
    assert world.password_given("carol").page.path == "/enrolment"
    done(typed(*words))
    assert world.password_given("carol").page.path == "/enrolment"


def test_a_group_name_in_another_spelling_is_refused(world: World, typed: Typist) -> None:
    world.group("Finance")
    assert "already a group" in refused(typed("groups", "add", "FINANCE"))
    assert "no group named Sales" in refused(typed("groups", "require", "Sales", "on"))
    assert world.count(Group) == 1


def test_the_rule_for_everyone_is_switched_on_and_off(world: World, typed: Typist) -> None:
    world.person("alice")
    assert "It applies to 1 person." in done(typed("policy", "everyone", "on"))
    assert world.password_given("alice").page.path == "/enrolment"
    done(typed("policy", "everyone", "off"))
    assert world.password_given("alice").page.path == "/"


def test_explain_shows_the_facts_below_the_answer(world: World, typed: Typist) -> None:
    world.group("Finance", required=True, grace_days=14)
    world.group("Sales")
    world.person("alice", groups_=("Finance", "Sales"))
    answer, _empty, *facts = done(typed("policy", "explain", "ALICE@example.com")).splitlines()
    assert answer.startswith("Alice must link an app or add a passkey by 16 March 2026")
    assert [fact.strip() for fact in facts] == [
        "Finance: required, grace period of 14 days, app or passkey needed by 2026-03-16 09:00 UTC",
        "Sales: not required",
        "Everyone: not required",
        "Personal requirement: no",
        "Exemption: none",
        "Authentication app or passkey: none",
    ]


def test_explain_names_the_passkeys_too(world: World, typed: Typist) -> None:
    world.person("alice")
    with world.data():
        db.session.add(passkey_of(world.user("alice").id, world.clock()))
    facts = [line.strip() for line in done(typed("policy", "explain", "alice@example.com")).splitlines()]
    assert "Passkey: YubiKey, added on 2026-03-02 09:00 UTC" in facts
    assert "Authentication app or passkey: none" not in facts


def test_explain_shows_the_start_date(world: World, typed: Typist) -> None:
    world.group("Finance", required=True, required_from=world.clock() + timedelta(days=1))
    world.person("alice", groups_=("Finance",))
    assert "from 2026-03-03 09:00 UTC" in done(typed("policy", "explain", "alice@example.com"))
    assert "This starts on 2026-03-03" in done(typed("groups", "require", "Finance", "on"))


def test_nothing_is_printed_when_the_commit_fails(world: World, typed: Typist) -> None:
    with world.data():
        db.session.execute(delete(TrailHead))
    assert "failed" in refused(typed("groups", "add", "Finance", "--require-2fa"))
    assert world.count(Group) == 0


@both_databases
def test_a_recount_says_how_many_counts_were_wrong(world: World, typed: Typist) -> None:
    world.group("Finance")
    world.person("alice", groups_=("Finance",))
    assert done(typed("groups", "recount")) == "All counts are right.\n"
    with world.data():
        db.session.execute(delete(GroupCount))
    assert done(typed("groups", "list")).splitlines()[1].split()[-2:] == ["0", "0"]
    assert done(typed("groups", "recount")) == "1 count was wrong and is right now.\n"
    assert done(typed("groups", "list")).splitlines()[1].split()[-2:] == ["1", "0"]


def test_members_who_must_link_are_reminded_once_a_day(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    assert "1 person reminded." in typed("groups", "remind", "Finance").stdout
    again = typed("groups", "remind", "Finance")
    assert again.exit_code == 1 and "There is nobody to remind now." in again.stderr


def test_a_preview_says_whom_a_rule_affects_and_changes_nothing(world: World, typed: Typist) -> None:
    world.group("Finance")
    world.people("alice", "bob", groups_=("Finance",))
    before = world.events()
    for words in (["groups", "require", "Finance", "on"], ["policy", "everyone", "on"]):
        assert done(typed(*words, "--preview")).splitlines() == [
            "It applies to 2 people.",
            "Today: nobody is asked for a code.",
            "At once: 2 people are asked for a code (2 must set up an app or passkey first).",
        ]
    assert world.events() == before
    assert world.password_given("alice").page.path == "/"


def test_a_preview_says_which_remembered_devices_are_asked_again(world: World, typed: Typist) -> None:
    world.remembered_a_minute_ago("bob")
    said = done(typed("groups", "require", "Finance", "on", "--passkey-only", "--preview"))
    assert "Today 1 device is remembered; it is asked again." in said.splitlines()


def test_a_preview_says_what_a_group_or_role_does_to_one_person(world: World, typed: Typist) -> None:
    world.group("Finance", required=True, grace_days=7)
    world.group("Sales")
    world.people("alice", "bob", groups_=("Sales",))
    before = world.events()
    for words, answer in {
        ("join", "alice@example.com", "Finance"): (
            "Alice must link an app or add a passkey by 9 March 2026, 09:00 UTC: required by group Finance."
        ),
        ("leave", "alice@example.com", "Sales"): "Nothing changes for Alice at the login.",
        ("role", "bob@example.com", "helpdesk"): (
            "Bob will need a link to set up an app or passkey before anything else opens: "
            "always required for this role."
        ),
    }.items():
        assert done(typed("users", *words, "--preview")).splitlines() == [answer]
    assert world.events() == before


def test_a_group_is_shown_renamed_and_deleted(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    shown = done(typed("groups", "show", "finance"))
    assert [line.split()[-1] for line in shown.splitlines()[-2:]] == ["1", "0"]
    assert "Rule            Required" in shown
    assert done(typed("groups", "rename", "Finance", "Money")) == "Group renamed to Money.\n"
    world.group("Sales")
    assert "already a group" in refused(typed("groups", "rename", "Money", "SALES"))
    effect = done(typed("groups", "delete", "Money", "--preview"))
    assert "At once: nobody is asked for a code." in effect
    assert done(typed("groups", "delete", "money")) == f"Group Money deleted.\n{effect}"
    assert world.password_given("alice").page.path == "/"
    assert "no group named Money" in refused(typed("groups", "show", "Money"))


@pytest.mark.parametrize("words", [["groups", "require", "Finance"], ["policy", "everyone"]])
def test_a_rule_has_a_start_a_grace_period_and_days(world: World, typed: Typist, words: list[str]) -> None:
    world.group("Finance")
    show = ["groups", "show", "Finance"] if "Finance" in words else ["policy", "show"]
    with world.data():
        today = days.day_of(world.clock())
    start = (today + timedelta(days=30)).isoformat()
    done(typed(*words, "on", "--from", start, "--grace", "14", "--remember", "7"))
    shown = done(typed(*show))
    assert "Required from " in shown
    assert "grace period of 14 days, devices remembered for 7 days" in shown
    done(typed(*words, "on", "--from", start))
    assert world.events().count("policy.changed") == 1, "what is left out, or the same, stays"
    done(typed(*words, "on", "--at-once"))
    assert "Required, " in done(typed(*show))
    assert "grace period of 14 days" in done(typed(*show))
    far = (today + timedelta(days=5 * 366 + 1)).isoformat()
    assert "no later than" in refused(typed(*words, "on", "--from", far))
    for wrong in (("--grace", "91"), ("--remember", "366"), ("--from", start, "--at-once")):
        assert typed(*words, "on", *wrong).exit_code == 2


def test_a_preview_names_the_people_of_each_list(world: World, typed: Typist) -> None:
    world.group("Finance")
    world.linked_earlier("carol", groups_=("Finance",))
    world.person("alice", groups_=("Finance",))
    previewed = ("groups", "require", "Finance", "on", "--preview", "--people")
    _head, alice = done(typed(*previewed, "newly")).splitlines()
    assert alice.split("  ")[-1] == "Must set up an app or passkey now"
    assert alice.startswith("alice@example.com")
    assert done(typed(*previewed, "still")).splitlines()[1].startswith("carol@example.com")
    assert done(typed(*previewed, "exempt")) == "Nobody.\n"
    everyone = done(typed("policy", "everyone", "on", "--preview", "--people", "newly"))
    assert everyone.splitlines()[1].startswith("alice@example.com")
    assert world.events().count("policy.changed") == 0
    alone = typed("groups", "require", "Finance", "on", "--people", "newly")
    assert (alone.exit_code, "--people needs --preview" in alone.stderr) == (2, True)


@pytest.mark.parametrize("whose", [("groups", "require", "Finance"), ("policy", "everyone")])
def test_a_rule_has_words_of_its_own_in_its_emails(
    world: World, typed: Typist, whose: tuple[str, ...]
) -> None:
    world.group("Finance")
    shown = ("groups", "show", "Finance") if whose[0] == "groups" else ("policy", "show")
    words = "Ask Ada in room 12."
    assert "Words in its emails" not in done(typed(*shown))
    done(typed(*whose, "on", "--mail-text", words))
    done(typed(*whose, "on", "--grace", "7"))
    assert f"Words in its emails: {words}" in done(typed(*shown)), "what is left out stays"
    assert world.details("policy.changed")["after"]["mail_text"] == words
    done(typed(*whose, "on", "--mail-text", ""))
    assert "Words in its emails" not in done(typed(*shown))
