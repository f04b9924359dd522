"""H. Administration: dave of the help desk turns bad, or eve has a session of somebody who may do more."""

import pytest
from sqlalchemy import select

from mfa_app.core.groups import groups
from mfa_app.core.throttling import limits
from mfa_app.extensions import db
from mfa_app.models import Authenticator, AuthSession, Group, RememberedDevice, Role, User
from mfa_app.web.security.access_rules import access_rule_of
from tests.support.browser import Visitor
from tests.support.routes import address, rules
from tests.support.tables import changed
from tests.support.world import TERMINAL, World

REASON = "Phone lost, called back on 4711"
HIS = (
    "admin.user_list",
    "admin.user",
    "admin.timeline",
    "admin.reset_user",
    "admin.access_pass",
    "admin.approval",
    "admin.remove_user_factor",
    "admin.open_account",
    "admin.help_requests",
    "admin.failed_mails",
    "admin.try_mail_again",
    "admin.let_try_again",
    "admin.invite_user",
    "admin.end_access",
)  # what the help desk is there for
FIELDS = {
    "name": "Mallory",
    "email": "mallory@example.com",
    "role": "admin",
    "groups": "1",
    "checked": "called back",
    "reason": REASON,
    "minutes": "60",
    "until": "2026-04-01",
    "required": "y",
    "grace_days": "0",
    "remember_days": "30",
    "version": "1",
}


@pytest.fixture
def people(world: World) -> World:
    """Alice, carol the administrator and dave of the help desk, linked; dora, his equal; group 1."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    for name in ("carol", "dave"):
        world.linked_earlier(name)
    world.person("dora", role=Role.HELPDESK)
    return world


def posts(world: World, number: int, of: tuple[str, ...] = ()) -> list[str]:
    """Return the addresses of administration that take a POST, about one person and about group 1.

    `of`: only the addresses of these endpoints.
    """
    found = [
        rule
        for rule in rules(world.app)
        if rule.endpoint.startswith("admin.") and "POST" in rule.methods and (not of or rule.endpoint in of)
    ]
    return [address(rule).replace("/people/1", f"/people/{number}") for rule in found]


def test_the_help_desk_changes_nothing_about_its_betters_equals_or_itself(people: World) -> None:
    """Attacks 69 and 70: every address of administration, with every field that any form has."""
    dave = people.log_in_and_wait("dave")
    dave.open("/admin/people")

    def attack() -> None:
        numbers = [people.id_of(name) for name in ("carol", "dora", "dave")]
        for path in {path for number in numbers for path in posts(people, number)} - {"/admin/requests"}:
            assert dave.post(path, **FIELDS).status in (403, 404), path

    assert changed(people.app, attack) == {"audit_event", "trail_head", "throttle"}
    assert people.events()[-1] == "access.refused"


def test_the_help_desk_resets_staff_and_changes_nothing_else(people: World) -> None:
    """Attacks 55 and 70: role, groups, password and exemption sent along with a reset."""
    dave, alice = people.log_in_and_wait("dave"), people.id_of("alice")
    dave.open("/admin/people")
    fields = {**FIELDS, "password": "quiet harbour under a green dawn", "exempt_until": "2027-01-01"}
    with people.data():
        before = row_of("alice")
    assert dave.post(f"/admin/people/{alice}/reset", **fields).status == 302
    with people.data():
        after = row_of("alice")
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"security_stamp", "link_required", "linked"}


def row_of(name: str) -> dict:
    row = db.session.execute(select(User.__table__).where(User.email == f"{name}@example.com")).one()
    return dict(row._mapping)


@pytest.mark.parametrize("name", ["alice", "dave"])
def test_what_only_administrators_may_is_refused_to_all_others(people: World, name: str) -> None:
    """Attacks 69 and 70: staff and help desk at every address of administration; a row for each.

    Where an address takes both, one of them asks by GET and the other by POST: one rule decides on both.
    """
    eve = people.log_in_and_wait(name)
    eve.open("/")
    refused = 0
    for rule in rules(people.app):
        mark = access_rule_of(people.app.view_functions[rule.endpoint])
        if mark.permission is None or (name == "dave" and rule.endpoint in HIS):
            continue
        method = (min if name == "alice" else max)(rule.methods & {"GET", "POST"})
        token = {"csrf_token": eve.page.value("csrf_token"), **FIELDS}
        answer = eve.open(
            address(rule), method=method, data=token if method == "POST" else None, follow=False
        )
        assert answer.status in (403, 404), (method, rule.rule)
        refused += answer.status == 403
    assert refused > 30
    assert people.events().count("access.refused") == min(refused, limits.REFUSED_PAGES.free_attempts)


@pytest.mark.parametrize("name", ["carol", "dave"])
def test_a_stolen_session_changes_nothing_once_its_code_is_old(people: World, name: str) -> None:
    """Attack 72: eve has the cookie alone; toggling, resetting and downloading ask for a code.

    What dave may not at all is asked of him by the test above.
    """
    thief = people.visitor()
    thief.client.set_cookie("sid", people.log_in_and_wait(name).cookie("sid"))
    people.clock.advance(minutes=20)
    thief.open("/")

    def attack() -> None:
        own = ("/account/password", "/account/devices/forget")
        for path in [*posts(people, people.id_of("alice"), HIS if name == "dave" else ()), *own]:
            answer = thief.post(path, **FIELDS)
            led = answer.response.headers.get("Location", "").partition("?")[0]
            assert answer.status == 403 or led == "/login/again", path

    written = {"audit_event", "trail_head", "throttle", "auth_session", "held_form"}
    assert changed(people.app, attack) <= written


@pytest.mark.parametrize("kind", ["sessions", "devices"])
def test_the_sessions_and_devices_of_others_cannot_be_named(people: World, kind: str) -> None:
    """Attack 74: alice posts the ids of bob's, the digests, and ids that nobody has."""
    model, verb = {"sessions": (AuthSession, "end"), "devices": (RememberedDevice, "forget")}[kind]
    people.linked_earlier("bob", groups_=("Finance",))
    people.log_in_and_wait("bob", remember=True)
    alice = people.log_in_and_wait("alice")
    bobs = people.id_of("bob")
    with people.data():
        rows = db.session.scalars(select(model).where(model.user_id == bobs)).all()
        ids = [row.id for row in rows] + [row.digest[:32] for row in rows] + ["0" * 32]
    alice.open("/account")
    for name in [*ids, "1", "..", ids[0].upper()]:
        assert alice.post(f"/account/{kind}/{name}/{verb}").status == 404
    assert people.count(model, model.user_id == bobs) == 1


def test_identifiers_are_random(people: World) -> None:
    """Attack 74: nobody guesses one from another."""
    for _ in range(3):
        people.log_in_and_wait("alice", remember=True)
    with people.data():
        for model in (AuthSession, RememberedDevice, Authenticator):
            ids = list(db.session.scalars(select(model.id)))
            assert len({found[:8] for found in ids}) == len(ids) >= 3
            assert all(len(found) == 32 for found in ids)


def test_nobody_gives_a_role_that_the_own_does_not_reach(people: World) -> None:
    """Attacks 55 and 69: a role in a field of any page of one's own account."""
    for name in ("alice", "dave"):
        visitor = people.log_in_and_wait(name)
        visitor.open("/account/password")
        for path in ("/account/password", "/account/authenticator/keep", "/login/again", "/enrolment"):
            visitor.post(path, role="admin", is_admin="1", user_id=people.id_of("carol"), group_id="1")
    with people.data():
        roles = {user.email.partition("@")[0]: user.role for user in db.session.scalars(select(User))}
    assert roles == {
        "alice": "staff",
        "carol": "admin",
        "dave": "helpdesk",
        "dora": "helpdesk",
    }


def test_an_administrator_cannot_let_herself_off(people: World) -> None:
    """Attack 69, one step up: no exemption, no reset, no closing and no role for oneself."""
    carol = people.log_in_and_wait("carol")
    carol.open("/admin/people")
    own = people.id_of("carol")
    for action in ("policy", "reset", "open", "disable", "enable", "end-access", "invite"):
        assert carol.post(f"/admin/people/{own}/{action}", **FIELDS).status == 403
    carol.post(f"/admin/people/{own}/edit", **{**FIELDS, "email": "carol@example.com", "role": "staff"})
    with people.data():
        assert people.user("carol").role == "admin"
        assert people.user("carol").exempt_until is None


def test_an_administrator_does_not_end_her_own_requirement(people: World) -> None:
    """Attack 69: she may require 2FA of herself; only another administrator takes that back."""
    carol = people.log_in_and_wait("carol")
    carol.open(f"/admin/people/{people.id_of('carol')}/policy")
    carol.press("Require 2-factor authentication")
    page = carol.open(f"/admin/people/{people.id_of('carol')}/policy")
    assert "You can't lift your own requirement. Ask another administrator." in page.text
    assert "End the requirement" not in page.text
    page = carol.post(f"/admin/people/{people.id_of('carol')}/policy/release", follow=True)
    assert "You can't lift your own requirement" in page.text
    with people.data():
        assert people.user("carol").required


def test_an_administrator_does_not_take_herself_out_of_a_group_that_requires_a_code(people: World) -> None:
    """Attack 69: not on the group's page, nor by deleting it, nor by editing herself: nothing is saved."""
    people.group("Board", required=True)
    people.group("Choir")
    carol = people.log_in_and_wait("carol")
    with people.data():
        board, choir = people.group_row("Board"), people.group_row("Choir")
        for group in (board, choir):
            groups.add_member(group, people.user("carol"), actor=TERMINAL, now=people.clock())
        board, choir = board.id, choir.id
    own = people.id_of("carol")
    carol.open(f"/admin/people/{own}/edit")
    page = carol.submit(f"/admin/people/{own}/edit", name="Caroline", groups=[choir])
    assert page.status == 400
    assert "You can't lift your own requirement" in page.text
    carol.open("/admin")
    page = carol.post(f"/admin/groups/{board}/members/{own}/remove", follow=True)
    assert "You can't lift your own requirement" in page.text
    carol.open(f"/admin/groups/{board}/delete")
    assert "You can't lift your own requirement" in carol.press("Delete the group").text
    with people.data():
        assert people.user("carol").name == "Carol"
    carol.post(f"/admin/groups/{choir}/members/{own}/remove")
    assert people.events("carol")[-1] == "group.member_removed"
    assert people.details("group.member_removed") == {"group": "Choir"}


def test_a_switch_without_its_preview_still_needs_a_fresh_code_and_its_row(people: World) -> None:
    """Attack 72: posting straight to the confirmed form is what the page does; it leaves its row."""
    carol = people.log_in_and_wait("carol")
    carol.open("/admin")
    straight = {"grace_days": "0", "remember_days": "0"}
    assert carol.post("/admin/groups/1/policy", **straight).status == 409
    assert people.events().count("policy.changed") == 1
    carol.post("/admin/groups/1/policy", **straight, version="1")
    assert people.details("policy.changed")["after"]["required"] is False
    with people.data():
        assert db.session.get_one(Group, 1).required is False


def test_no_page_of_administration_shows_or_takes_a_password(people: World) -> None:
    """Requirement 25: the help desk starts a reset, and never learns what opens the account."""
    carol = people.log_in_and_wait("carol")
    home = f"/admin/people/{people.id_of('alice')}"
    pages = [carol.open(home + page) for page in ("", "/reset", "/edit", "/policy")]
    text = "".join(page.response.text for page in pages)
    assert 'type="password"' not in text
    for secret in (people.phones["alice"].secret, "argon2", "otpauth", "v1:"):
        assert secret not in text


def test_a_reset_reaches_the_victim_on_the_code_page_within_one_request(people: World) -> None:
    """Attack 88: live session, pending login, remembered device and the app all end at once."""
    live, remembered = people.log_in_and_wait("alice"), people.log_in_and_wait("alice", remember=True)
    waiting = people.password_given("alice")
    dave, number = people.log_in_and_wait("dave"), people.id_of("alice")
    dave.open(f"/admin/people/{number}/reset")
    dave.press("Reset 2-factor authentication", checked="called back", reason=REASON)
    assert waiting.press("Log in", code=people.phones["alice"].code()).path == "/login"
    assert {visitor.open("/").path for visitor in (live, remembered)} == {"/login"}
    assert people.password_given("alice", remembered).page.path == "/enrolment"
    assert people.count(Authenticator, Authenticator.user_id == number) == 0


@pytest.mark.inside
def test_a_request_that_fails_at_its_row_of_the_trail_changes_nothing(
    people: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No audit, no change: eve makes the trail unwritable, then dave resets."""
    dave, number = people.log_in_and_wait("dave"), people.id_of("alice")
    dave.open(f"/admin/people/{number}/reset")
    monkeypatch.setattr("mfa_app.core.audit.events.chain._mac", lambda *_facts: 1 / 0)

    def attack() -> None:
        dave.press("Reset 2-factor authentication", checked="called back", reason=REASON)
        assert dave.page.status >= 500

    assert changed(people.app, attack) == set()


def test_visitors_of_a_name_of_an_administrator_are_visitors(people: World) -> None:
    """Attack 78: names in headers, cookies and fields make nobody carol."""
    eve: Visitor = people.visitor()
    for header in (
        "Remote-User",
        "X-Forwarded-User",
        "X-Remote-User",
        "X-Auth-Request-Email",
        "Remote-Groups",
    ):
        eve.headers[header] = "carol@example.com"
    for cookie in ("user", "session", "remember_token", "user_id"):
        eve.client.set_cookie(cookie, str(people.id_of("carol")))
    assert eve.open("/admin?user=carol@example.com&role=admin").path == "/login"
