"""`second-gate users ...`: accounts, from a terminal."""

import getpass
import re
from datetime import timedelta
from pathlib import Path

import pytest

from mfa_app.models import AuditEvent, Membership, Role, User
from tests.support.authenticator import Authenticator
from tests.support.passkeys import send_passkey
from tests.support.terminal import Typist, done, link_in, refused
from tests.support.world import PASSWORD, World

ALICE = "alice@example.com"


def test_a_person_is_added_with_a_password_and_logs_in(world: World, typed: Typist) -> None:
    world.group("Finance")
    output = done(
        typed("users", "add", ALICE, "--group", "finance", "--password-stdin", stdin=f"{PASSWORD}\r\n")
    )
    assert output == "alice@example.com now has an account (Staff).\n"
    assert world.password_given("alice").page.path == "/"
    assert "Finance" in done(typed("users", "show", ALICE))


def test_a_person_without_a_password_gets_a_link_printed_and_emailed(world: World, typed: Typist) -> None:
    output = done(typed("users", "add", ALICE))
    path = link_in(output)
    assert world.link_in_last_mail() == path
    (file,) = re.findall(r"^The email is the file (/.*\.eml)$", output, re.MULTILINE)
    assert Path(file).read_text("utf-8") == world.last_mail()
    alice = world.visitor()
    alice.open(path)
    alice.press("Save password", password=PASSWORD)
    assert world.password_given("alice").page.path == "/"


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_byte_order_mark_is_no_part_of_a_piped_password(world: World, typed: Typist, end: bytes) -> None:
    piped = b"\xef\xbb\xbf" + PASSWORD.encode() + end
    done(typed("users", "add", ALICE, "--password-stdin", stdin=piped))
    assert world.password_given("alice").page.path == "/"


def test_a_name_is_derived_from_the_email_address_unless_given(typed: Typist) -> None:
    done(typed("users", "add", "anna.de-vries+mfa@firma.local"))
    done(typed("users", "add", "b@firma.local", "--name", "Zoë Ødegård 龍"))
    output = done(typed("users", "list"))
    assert "Anna De Vries" in output
    assert "Zoë Ødegård 龍" in output


def test_the_trail_names_the_user_of_the_operating_system(world: World, typed: Typist) -> None:
    done(typed("users", "add", ALICE, "--role", "admin"))
    by_terminal = AuditEvent.actor_kind == "terminal", AuditEvent.actor_name == getpass.getuser()
    assert world.count(AuditEvent, *by_terminal) == 2  # created, invited
    assert world.details("person.created") == {"role": "admin", "groups": []}


@pytest.mark.parametrize(
    ("words", "stdin", "sentence"),
    [
        (["no-address"], "", "an email address like name@company.com"),
        ([ALICE, "--group", "Nobody's"], "", "There is no group named Nobody's."),
        (["BOB@Example.com"], "", "There is already an account"),
        ([ALICE, "--password-stdin"], "short\n", "at least 15 characters"),
        ([ALICE, "--password-stdin"], "", "There is no password on standard input."),
        ([ALICE, "--password-stdin"], "\n", "There is no password on standard input."),
        ([ALICE, "--password-stdin"], b"\xef\xbb\xbf\r\n", "There is no password on standard input."),
        ([ALICE, "--password-stdin"], b"\xff\xfe not text at all\n", "not UTF-8"),
        ([ALICE, "--password-stdin"], f"{PASSWORD}\n".encode("utf-16"), "not UTF-8"),
        ([ALICE, "--password-stdin"], f"{PASSWORD}\n".encode("utf-16-le"), "more than one line"),
        ([ALICE, "--password-stdin"], PASSWORD.encode("utf-16-le"), "a character that nobody can type"),
        ([ALICE, "--password-stdin"], f"{PASSWORD}\n{PASSWORD}\n", "more than one line"),
        ([ALICE, "--password-stdin"], f"{PASSWORD}\x1b[D\n", "a character that nobody can type"),
        ([ALICE, "--password-stdin"], "x" * 5000, "at most 256 characters"),
        ([ALICE, "--password-stdin"], "€" * 5000, "at most 256 characters"),
    ],
)
def test_a_refused_add_prints_a_sentence_and_creates_nothing(
    world: World, typed: Typist, words: list[str], stdin: str, sentence: str
) -> None:
    world.person("bob")
    events = world.events()
    assert sentence in refused(typed("users", "add", *words, stdin=stdin))
    assert world.count(User) == 1
    assert world.events() == events


@pytest.mark.parametrize(
    "words", [["\udcff@x.org"], [ALICE, "--name", "a\udc80b"], [ALICE, "--name", "a\nb"]]
)
def test_arguments_that_are_not_text_are_rejected(world: World, typed: Typist, words: list[str]) -> None:
    result = typed("users", "add", *words)
    assert result.exit_code == 2
    assert "must be one line of readable text" in result.stderr
    assert world.count(User) == 0


@pytest.mark.parametrize("verb", ["show", "disable", "enable", "reset-2fa", "invite"])
def test_an_unknown_email_address_is_refused(typed: Typist, verb: str) -> None:
    assert refused(typed("users", verb, ALICE)) == "There is no account for alice@example.com."


def test_a_group_named_twice_is_joined_once(world: World, typed: Typist) -> None:
    world.group("Finance")
    done(typed("users", "add", ALICE, "--group", "Finance", "--group", "FINANCE"))
    assert world.count(Membership) == 1


def test_the_list_shows_role_app_state_and_groups(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.person("dave")
    done(typed("users", "disable", "dave@example.com"))
    _head, alice, dave = done(typed("users", "list")).splitlines()
    assert alice.split() == [ALICE, "Alice", "staff", "yes", "active", "Finance"]
    assert dave.split() == ["dave@example.com", "Dave", "helpdesk", "-", "disabled", "-"]
    assert len(done(typed("users", "list", "--group", "Finance")).splitlines()) == 2


def test_a_disabled_person_is_logged_out_until_enabled_again(world: World, typed: Typist) -> None:
    world.person("alice")
    alice = world.log_in_and_wait("alice")
    done(typed("users", "disable", ALICE))
    assert alice.open("/").path == "/login"
    assert "already" in done(typed("users", "disable", ALICE))
    assert "would not work" in refused(typed("users", "invite", ALICE))
    done(typed("users", "enable", ALICE))
    assert world.log_in_and_wait("alice").page.path == "/"


def test_a_locked_person_is_logged_out_until_unlocked(world: World, typed: Typist) -> None:
    world.person("alice")
    alice = world.log_in_and_wait("alice")
    assert "is not locked" in done(typed("users", "unlock", ALICE))
    assert "logged out everywhere" in done(typed("users", "lock", ALICE))
    assert alice.open("/").path == "/login"
    assert "already locked" in done(typed("users", "lock", ALICE))
    assert " locked " in done(typed("users", "list"))
    assert "locked this account on" in done(typed("users", "show", ALICE))
    assert "can log in again" in done(typed("users", "unlock", ALICE, "--reason", "by mistake"))
    checked = {"checked": "no caller", "note": None}
    assert world.details("person.opened") == {"reason": "by mistake", **checked}
    assert world.log_in_and_wait("alice").page.path == "/"


def test_locking_and_disabling_at_the_terminal_are_two_things(world: World, typed: Typist) -> None:
    world.person("alice")
    done(typed("users", "lock", ALICE))
    assert "is disabled" in done(typed("users", "disable", ALICE))
    assert "still disabled" in done(typed("users", "unlock", ALICE))
    done(typed("users", "lock", ALICE))
    assert "still locked" in done(typed("users", "enable", ALICE))


def test_a_reset_ends_the_session_and_lets_the_person_link_again(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    alice = world.link_and_wait("alice")
    done(typed("users", "reset-2fa", ALICE))
    assert alice.open("/").path == "/login"
    assert world.password_given("alice").page.path == "/enrolment"
    assert world.details("second_factor.reset") == {
        "reason": "from the terminal",
        "was_linked": True,
        "checked": "no caller",
        "note": None,
        "asked_by": None,
        "approval": None,
    }
    assert "reset_second_factor" in world.mails("alice")
    world.deliver()
    assert "They noted" not in world.words_of_last_mail()


def test_the_terminal_says_how_a_caller_was_checked(world: World, typed: Typist) -> None:
    world.linked_earlier("alice")
    done(typed("users", "reset-2fa", ALICE, "--checked", "called-back", "--note", "twice"))
    details = world.details("second_factor.reset")
    assert (details["checked"], details["note"]) == ("called back", "twice")
    unsaid = typed("users", "reset-2fa", ALICE, "--checked", "another-way")
    assert (unsaid.exit_code, "Say with --note in which way you checked." in unsaid.output) == (2, True)
    assert world.events("alice").count("second_factor.reset") == 1


def test_one_app_or_passkey_is_removed_by_its_name(world: World, typed: Typist) -> None:
    world.linked_earlier("alice")
    alice = world.log_in_and_wait("alice")
    tablet = world.link_another(alice, "Tablet")
    send_passkey(alice, Authenticator())
    shown = done(typed("users", "show", ALICE))
    assert "Authentication app, linked on" in shown and "Tablet, linked on" in shown
    assert "Passkeys " in shown and "Passkey, added on" in shown
    assert "There are: “Authentication app”, “Tablet”." in refused(
        typed("users", "remove-app", ALICE, "Phone")
    )
    assert "There are: “Passkey”." in refused(typed("users", "remove-passkey", ALICE, "Tablet"))
    assert "“Authentication app” is removed" in done(
        typed("users", "remove-app", ALICE, "authentication app")
    )
    assert alice.open("/").path == "/login"
    done(typed("users", "remove-passkey", ALICE, "passkey", "--reason", "lost it", "--checked", "in-person"))
    details = world.details("second_factor.removed")
    assert (details["reason"], details["checked"]) == ("lost it", "in person")
    assert world.mails("alice").count("factor_removed") == 2
    assert "the only app or passkey" in refused(typed("users", "remove-app", ALICE, "Tablet"))
    assert "There are: none." in refused(typed("users", "remove-passkey", ALICE, "Passkey"))
    world.phones["alice"] = tablet
    assert world.log_in_and_wait("alice").page.path == "/"


def test_of_somebody_with_a_passkey_alone_the_terminal_shows_it(world: World, typed: Typist) -> None:
    world.person("alice")
    send_passkey(world.password_given("alice"), Authenticator())
    shown = done(typed("users", "show", ALICE)).splitlines()
    assert any(line.startswith("Authentication app") and line.endswith("none") for line in shown)
    assert any(line.startswith("Passkeys") and "Passkey, added on" in line for line in shown)


def test_a_new_password_works_and_the_person_gets_an_email(world: World, typed: Typist) -> None:
    world.person("alice", password="an older one that nobody guesses")
    new = ("users", "password", ALICE, "--password-stdin")
    assert "easy to guess" in refused(typed(*new, stdin="aaaaaaaaaaaaaaaaaaaa"))
    done(typed(*new, stdin=PASSWORD))
    assert world.password_given("alice").page.path == "/"
    assert world.mails("alice") == ["password_changed"]
    assert "browser" not in world.last_mail()


def test_a_role_changes_unless_no_administrator_would_be_left(world: World, typed: Typist) -> None:
    world.linked_earlier("carol")
    assert "no administrator" in refused(typed("users", "role", "carol@example.com", "staff"))
    assert "no administrator" in refused(typed("users", "disable", "carol@example.com"))
    world.linked_earlier("alice")
    done(typed("users", "role", ALICE, "admin"))
    done(typed("users", "role", "carol@example.com", "staff"))
    assert world.count(User, User.role == Role.ADMIN) == 1


def test_a_person_joins_and_leaves_a_group(world: World, typed: Typist) -> None:
    world.person("alice")
    world.group("Finance")
    assert done(typed("users", "join", ALICE, "finance")).splitlines() == [
        f"{ALICE} is now in Finance.",
        "Alice isn't asked for a code: 2-factor authentication isn't required.",
    ]
    assert "already" in done(typed("users", "join", ALICE, "finance"))
    done(typed("users", "leave", ALICE, "finance"))
    assert world.events("alice")[-2:] == ["group.member_added", "group.member_removed"]


def test_an_address_that_takes_no_mail_is_shown(world: World, typed: Typist) -> None:
    world.person("alice")
    assert "refused" not in done(typed("users", "show", ALICE))
    with world.data():
        alice = world.user("alice")
        alice.email_refused_at, alice.email_refusal = world.clock(), "550 5.1.1 no such\x1b[2J user"
    shown = done(typed("users", "show", ALICE))
    assert "refused on 2026-03-02 09:00 UTC: 550 5.1.1 no such\\x1b[2J user" in shown


def test_somebody_with_a_password_is_not_invited_again(world: World, typed: Typist) -> None:
    world.person("alice")
    assert "already chosen a password" in refused(typed("users", "invite", ALICE))
    assert world.mails("alice") == []


def test_an_address_that_can_be_taken_for_another_is_warned_of(typed: Typist) -> None:
    assert "\u0430 (Cyrillic)" in done(typed("users", "add", "\u0430lice@example.com", "--name", "Alice"))
    assert "look like" not in done(typed("users", "add", "alice@example.com"))


@pytest.mark.parametrize("role", ["admin", "helpdesk"])
def test_who_is_made_with_a_password_and_a_role_links_by_the_printed_link(
    world: World, typed: Typist, role: str
) -> None:
    said = done(typed("users", "add", "ada@example.com", "--role", role, "--password-stdin", stdin=PASSWORD))
    assert world.password_given("ada").page.path == "/login/link-needed"
    ada = world.visitor()
    assert ada.open(link_in(said)).path == "/login/link"
    assert ada.press("Continue", password=PASSWORD).path == "/enrolment"


def test_a_role_given_at_the_terminal_prints_the_link(world: World, typed: Typist) -> None:
    world.person("alice")
    said = done(typed("users", "role", "alice@example.com", "admin"))
    assert world.visitor().open(link_in(said)).path == "/login/link"
    world.person("bob", password=None)
    said = done(typed("users", "role", "bob@example.com", "helpdesk"))
    assert world.visitor().open(link_in(said)).path == "/password/choose"


def test_a_link_for_an_app_is_printed_for_whom_it_helps(world: World, typed: Typist) -> None:
    world.person("alice")
    assert "can set one up without a link" in refused(typed("users", "app-link", "alice@example.com"))
    world.person("dave")
    with world.data():
        world.user("dave").link_required = False
    said = done(typed("users", "app-link", "dave@example.com"))
    assert world.visitor().open(link_in(said)).path == "/login/link"


def test_names_and_addresses_are_edited_at_the_terminal(world: World, typed: Typist) -> None:
    world.linked("carol")
    done(typed("users", "edit", "carol@example.com", "--name", "Karla", "--email", "karla@example.com"))
    with world.data():
        assert (world.user("karla").name, world.user("karla").role) == ("Karla", "admin")


def test_a_last_day_and_a_directory_number_are_set_at_the_terminal(typed: Typist) -> None:
    done(typed("users", "add", ALICE, "--last-day", "2027-03-31", "--directory-number", "4711"))
    assert re.search(r"Directory number +4711\nLast day +2027-03-31\n", done(typed("users", "show", ALICE)))
    done(typed("users", "edit", ALICE, "--name", "Alicia", "--last-day", "2027-04-30"))
    assert re.search(r"4711\nLast day +2027-04-30\n", done(typed("users", "show", ALICE)))
    done(typed("users", "edit", ALICE, "--no-last-day", "--directory-number", ""))
    assert not re.search("Directory|Last day", done(typed("users", "show", ALICE)))


@pytest.mark.parametrize("day", ["31 March", "2027-02-30", "9999-12-31"])
def test_a_day_that_is_none_is_refused(typed: Typist, day: str) -> None:
    result = typed("users", "add", ALICE, "--last-day", day)
    assert (result.exit_code, "'--last-day': it must be" in result.stderr) == (2, True)


def test_a_person_gets_longer_to_link_an_app_and_loses_it_again(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    day = world.clock().date() + timedelta(days=3)
    said = done(typed("users", "deadline", ALICE, day.isoformat()))
    assert "must link an app or add a passkey by" in said
    alice = world.password_given("alice")
    assert alice.page.path == "/"
    assert "must link an app or add a passkey at the next login" in done(
        typed("users", "deadline", ALICE, "--end")
    )
    alice.open("/")
    assert alice.page.path != "/"
    too_late = world.clock().date() + timedelta(days=91)
    assert "Choose a day from today to" in refused(typed("users", "deadline", ALICE, too_late.isoformat()))
    assert "such as 2027-03-31" in typed("users", "deadline", ALICE, "tomorrow").stderr
    for wrong in ((), (day.isoformat(), "--end")):
        answer = typed("users", "deadline", ALICE, *wrong)
        assert answer.exit_code == 2
        assert "Give either a day or --end." in answer.stderr


def test_somebody_of_the_help_desk_is_given_groups_and_everyone_again(world: World, typed: Typist) -> None:
    for name in ("Finance", "IT"):
        world.group(name)
    world.people("dave", "alice")
    dave = "dave@example.com"
    assert "Helps           " in (shown := done(typed("users", "show", dave))) and "Everyone" in shown
    output = done(typed("users", "scope", dave, "--group", "finance", "--group", "IT", "--group", "Finance"))
    assert output == "dave@example.com now helps the people of Finance and IT only.\n"
    assert "Finance, IT" in done(typed("users", "show", dave))
    assert done(typed("users", "scope", dave, "--everyone")) == "dave@example.com now helps everyone.\n"
    assert world.details("person.help_limited")["after"] == {"helps": "everyone"}
    for wrong in ((), ("--everyone", "--group", "IT")):
        answer = typed("users", "scope", dave, *wrong)
        assert answer.exit_code == 2 and "Give either groups or --everyone." in answer.output
    answer = refused(typed("users", "scope", ALICE, "--everyone"))
    assert "Only people of the help desk have groups to help." in answer
    assert "Helps" not in done(typed("users", "show", ALICE))
