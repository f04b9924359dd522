"""Passkeys in the core: what is accepted, and each reason for which an answer is refused."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from mfa_app.core.audit.events import AnsweredFor
from mfa_app.core.browsers.known_browsers import BrowserFacts
from mfa_app.core.common.clock import CLOCK_SKEW
from mfa_app.core.common.errors import (
    AlreadyEnrolled,
    AuthenticatorLocked,
    PasskeyRefused,
    PasskeysElsewhere,
    TooManyPasskeys,
    TwoFactorRequired,
)
from mfa_app.core.factors import enrolment, passkey_setup, passkeys, registry
from mfa_app.core.factors.apps import App
from mfa_app.core.factors.challenges import Purpose
from mfa_app.core.login import code_step, passkey_step
from mfa_app.core.operations import housekeeping
from mfa_app.core.policy import rules, subject_facts
from mfa_app.core.policy.decision import decide
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import counters, limits
from mfa_app.core.users import account_lock, accounts, enrolment_links
from mfa_app.extensions import db
from mfa_app.models import Authenticator as AppRow
from mfa_app.models import Passkey, Role, UsedChallenge
from mfa_app.models.row_facts import UserFacts
from tests.support.authenticator import FLAG, ORIGIN, USED, Authenticator, with_algorithm
from tests.support.databases import both_databases
from tests.support.refusals.scene import logged_in
from tests.support.world import TERMINAL, VISITOR, World

LAST_HALF = "ghijklmnopqrstuvwxyz0123456789-_"  # of the letters of base64url: their first bit is 1

SYNCED = USED | FLAG.BE | FLAG.BS


@pytest.fixture
def data(world: World) -> Iterator[World]:
    """Alice and bob of Finance, who have apps; the test is in the middle of a transaction."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.linked_earlier("bob", groups_=("Finance",))
    with world.data():
        yield world


def added(world: World, device: Authenticator, name: str = "alice", **said: Any) -> Identity:
    """Let somebody add a passkey; return the session in which that happened."""
    identity = logged_in(world, name, with_code=True)
    answer = device.make(passkey_setup.begin(identity, now=world.clock()), **said)
    passkey_setup.register(identity, answer, actor=VISITOR, now=world.clock())
    db.session.commit()
    return identity


def give(world: World, identity: Identity, answer: str) -> str:
    """Let somebody answer at the second gate; return what the session has shown by then."""
    now = world.clock()
    signed_in = code_step.check_code(identity, answer, purpose=AnsweredFor.LOGIN, actor=VISITOR, now=now)
    db.session.commit()
    return signed_in.session.amr


def asked(world: World, name: str = "alice") -> tuple[Identity, dict[str, Any]]:
    identity = logged_in(world, name)
    return identity, passkeys.question(identity, now=world.clock())


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(PasskeyRefused) as refusal:
        act()
    db.session.commit()
    return refusal.value.reason


@both_databases
def test_a_passkey_opens_the_second_gate(data: World) -> None:
    device = Authenticator()
    added(data, device)
    identity, question = asked(data)
    assert give(data, identity, device.answer(question)) == "pwd hwk user"
    passkey = db.session.query(Passkey).one()
    assert (passkey.sign_count, passkey.rp_id, passkey.name) == (2, "localhost", "Passkey")
    assert passkey.last_used_at == data.clock()


def test_one_that_can_be_copied_says_so(data: World) -> None:
    device = Authenticator(flags=SYNCED)
    added(data, device)
    identity, question = asked(data)
    assert give(data, identity, device.answer(question)) == "pwd swk user"
    device.flags = USED | FLAG.BE
    identity, question = asked(data)
    give(data, identity, device.answer(question))
    assert db.session.query(Passkey).one().backed_up is False


def test_adding_one_proves_it(data: World) -> None:
    identity = logged_in(data, "alice", with_code=True)
    answer = Authenticator().make(passkey_setup.begin(identity, now=data.clock()))
    signed_in = passkey_setup.register(identity, answer, actor=VISITOR, now=data.clock())
    assert (signed_in.session.amr, signed_in.session.code_at) == ("pwd hwk otp user", data.clock())
    assert sessions.find(signed_in.token, now=data.clock()) is not None


def test_all_passkeys_of_a_user_know_one_random_handle(data: World) -> None:
    handles = []
    for name in ("alice", "alice", "bob"):
        device = Authenticator()
        added(data, device, name)
        handles.append(device.credentials[0].user_handle)
    assert handles[0] == handles[1] != handles[2]
    assert len(handles[0]) == 43


def test_the_question_names_the_users_own_passkeys(data: World) -> None:
    devices = [Authenticator(), Authenticator()]
    for device, name in zip(devices, ("alice", "bob"), strict=True):
        added(data, device, name)
    _identity, question = asked(data)
    (allowed,) = question["allowCredentials"]
    assert allowed["id"] == json.loads(devices[0].answer(question))["id"]
    assert (question["rpId"], question["userVerification"]) == ("localhost", "required")


# What is refused


def test_a_challenge_is_answered_once(data: World) -> None:
    device = Authenticator()
    added(data, device)
    identity, question = asked(data)
    answer = device.answer(question)
    again = device.answer(question)
    give(data, identity, answer)
    factor, session_id = passkeys.Passkeys(), identity.session.id
    burn = factor.check(identity.subject, again, session_id=session_id, now=data.clock())
    assert refused(burn) == "replayed"
    assert db.session.query(UsedChallenge).count() == 2  # the one that registered it, too


def test_a_challenge_lives_for_five_minutes(data: World) -> None:
    device = Authenticator()
    added(data, device)
    identity, question = asked(data)
    data.clock.advance(minutes=5, seconds=1)
    assert refused(lambda: give(data, identity, device.answer(question))) == "expired"


def test_a_challenge_counts_in_its_own_session_only(data: World) -> None:
    device = Authenticator()
    added(data, device)
    _there, question = asked(data)
    here, _question = asked(data)
    assert refused(lambda: give(data, here, device.answer(question))) == "challenge"


def test_a_challenge_counts_for_its_own_purpose_only(data: World) -> None:
    device = Authenticator()
    added(data, device)
    identity = logged_in(data, "alice", with_code=True)
    for question in (
        passkeys.question_to_anyone(now=data.clock()),
        passkey_setup.begin(identity, now=data.clock()),
    ):
        assert refused(lambda asked=question: give(data, identity, device.answer(asked))) == "challenge"


@pytest.mark.parametrize("challenge", ["", "AAAA", "A" * 96])
def test_a_challenge_that_the_site_has_not_made_counts_nowhere(data: World, challenge: str) -> None:
    device = Authenticator()
    added(data, device)
    identity, _question = asked(data)
    assert refused(lambda: give(data, identity, device.answer({"challenge": challenge}))) == "challenge"


@pytest.mark.parametrize(
    "origin",
    [
        "https://localhost:8000",
        "http://localhost",
        "http://localhost:8001",
        "http://evil.localhost:8000",
        "http://127.0.0.1:8000",
        "http://localhost:8000.evil.example",
        "http://localhost:8000/",
        "null",
        "",
    ],
)
def test_the_origin_is_compared_to_the_letter(data: World, origin: str) -> None:
    device = Authenticator()
    added(data, device)
    identity, question = asked(data)
    assert refused(lambda: give(data, identity, device.answer(question, origin=origin))) == "wrong site"
    assert refused(lambda: added(data, Authenticator(), origin=origin)) == "wrong site"


@pytest.mark.parametrize("crossed", [True, "no", 0])
def test_no_answer_from_within_another_page_counts(data: World, crossed: object) -> None:
    device = Authenticator()
    added(data, device)
    identity, question = asked(data)
    assert refused(lambda: give(data, identity, device.answer(question, crossOrigin=crossed))) == "wrong site"


def test_a_passkey_made_for_another_host_counts_nowhere(data: World) -> None:
    device = Authenticator()
    added(data, device)
    device.credentials[0].rp_id = "example.com"
    identity, question = asked(data)
    assert refused(lambda: give(data, identity, device.answer(question))) == "wrong site"


@pytest.mark.parametrize("flags", [FLAG.UP, FLAG.UV, FLAG(0)])
def test_the_user_must_be_there_and_verified(data: World, flags: FLAG) -> None:
    device = Authenticator()
    added(data, device)
    identity, question = asked(data)
    device.flags = flags
    assert refused(lambda: give(data, identity, device.answer(question))) == "not verified"
    assert refused(lambda: added(data, Authenticator(flags=flags))) == "not verified"


def test_a_counter_that_stands_or_goes_back_is_refused(data: World) -> None:
    device = Authenticator()
    added(data, device)
    copy = Authenticator()
    copy.credentials = [type(device.credentials[0])(**vars(device.credentials[0]))]
    identity, question = asked(data)
    give(data, identity, device.answer(question))
    identity, question = asked(data)
    assert refused(lambda: give(data, identity, copy.answer(question))) == "counter"
    assert data.details("code.refused")["reason"] == "counter"


def test_an_authenticator_without_a_counter_is_accepted_again_and_again(data: World) -> None:
    device = Authenticator(counts=False)
    added(data, device)
    for _ in range(2):
        identity, question = asked(data)
        give(data, identity, device.answer(question))


def test_whether_a_key_can_be_copied_never_changes(data: World) -> None:
    device = Authenticator()
    added(data, device)
    identity, question = asked(data)
    device.flags = SYNCED
    assert refused(lambda: give(data, identity, device.answer(question))) == "changed"
    device.flags = USED | FLAG.BS
    assert refused(lambda: give(data, identity, device.answer(question))) == "unreadable"


def test_the_signature_must_be_that_of_the_passkey(data: World) -> None:
    device = Authenticator()
    added(data, device)
    other = Authenticator()
    added(data, other)
    device.credentials[0].key = other.credentials[0].key
    identity, question = asked(data)
    assert refused(lambda: give(data, identity, device.answer(question))) == "signature"


def test_the_passkey_of_somebody_else_opens_nothing(data: World) -> None:
    device = Authenticator()
    added(data, device, "bob")
    added(data, Authenticator())
    identity, question = asked(data)
    assert refused(lambda: give(data, identity, device.answer(question))) == "of someone else"


def test_a_passkey_that_names_somebody_else_opens_nothing(data: World) -> None:
    device = Authenticator()
    added(data, device)
    device.credentials[0].user_handle = "A" * 43
    identity, question = asked(data)
    assert refused(lambda: give(data, identity, device.answer(question))) == "of someone else"


def test_a_passkey_that_was_removed_opens_nothing(data: World) -> None:
    device = Authenticator()
    identity = added(data, device)
    identity, question = asked(data)
    db.session.query(Passkey).delete()
    assert refused(lambda: give(data, identity, device.answer(question))) == "unknown passkey"


def test_one_that_is_removed_in_the_same_moment_opens_nothing(data: World) -> None:
    device = Authenticator()
    added(data, device)
    identity, question = asked(data)
    answer = device.answer(question)
    session_id = identity.session.id
    burn = passkeys.Passkeys().check(identity.subject, answer, session_id=session_id, now=data.clock())
    db.session.query(Passkey).delete()
    assert refused(burn) == "unknown passkey"


def test_locked_factors_accept_no_passkey(data: World) -> None:
    device = Authenticator()
    added(data, device)
    identity, question = asked(data)
    registry.lock(identity.user, now=data.clock())
    db.session.commit()
    with pytest.raises(AuthenticatorLocked):
        give(data, identity, device.answer(question))


def test_refused_answers_share_the_counter_of_codes(data: World) -> None:
    device = Authenticator()
    added(data, device)
    identity, question = asked(data)
    device.flags = FLAG.UP
    for failures in range(1, 4):
        refused(lambda: give(data, identity, device.answer(question)))
        assert data.details("code.refused")["failures"] == failures
    device.flags = USED
    give(data, identity, device.answer(question))
    assert counters.charge(limits.CODE, identity.user.id, now=data.clock()).failures == 1


# Registration


@pytest.mark.parametrize("algorithm", [-65535, -39, 0, "ES256", b"ES256"])
def test_only_keys_that_the_site_can_check_are_kept(data: World, algorithm: Any) -> None:
    identity = logged_in(data, "alice", with_code=True)
    answer = Authenticator().make(passkey_setup.begin(identity, now=data.clock()))
    weak = with_algorithm(answer, algorithm)
    reason = refused(lambda: passkey_setup.register(identity, weak, actor=VISITOR, now=data.clock()))
    assert reason in ("algorithm", "unreadable")


@pytest.mark.parametrize("algorithm", [-8, -257])
def test_a_key_that_is_none_of_its_kind_is_not_kept(data: World, algorithm: int) -> None:
    identity = logged_in(data, "alice", with_code=True)
    answer = with_algorithm(Authenticator().make(passkey_setup.begin(identity, now=data.clock())), algorithm)
    reason = refused(lambda: passkey_setup.register(identity, answer, actor=VISITOR, now=data.clock()))
    assert reason == "unreadable"


def test_the_browser_is_told_which_passkeys_there_are(data: World) -> None:
    device = Authenticator()
    added(data, device)
    question = passkey_setup.begin(logged_in(data, "alice", with_code=True), now=data.clock())
    assert [entry["id"] for entry in question["excludeCredentials"]] == [
        passkey.credential_id for passkey in db.session.query(Passkey)
    ]


def test_the_credential_of_somebody_else_is_not_added(data: World, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Authenticator()
    added(data, device, "bob")
    of_bob = device.credentials[0].id
    monkeypatch.setattr("tests.support.authenticator.secrets.token_bytes", lambda _length: of_bob)
    assert refused(lambda: added(data, Authenticator())) == "registered"
    expected = {"purpose": "adding", "reason": "registered", "seen": None, "failures": 1}
    assert data.details("code.refused") == expected
    assert db.session.query(Passkey).one().user_id == data.user("bob").id


def test_ten_passkeys_are_the_most_and_each_has_a_name_of_its_own(data: World) -> None:
    yubikey = bytes.fromhex("2fc0579f811347eab116bb5a8db9202a")
    for _ in range(10):
        added(data, Authenticator(aaguid=yubikey))
    names = {passkey.name for passkey in db.session.query(Passkey)}
    assert names == {"YubiKey 5 NFC", *(f"YubiKey 5 NFC {number}" for number in range(2, 11))}
    with pytest.raises(TooManyPasskeys):
        added(data, Authenticator())


NONSENSE = [
    "",
    "{",
    "[]",
    "null",
    "0",
    "{}",
    '{"id": "AA", "rawId": "AA"}',
    '{"id": "AA", "rawId": "AA", "response": []}',
    '{"id": "AA", "rawId": "AA", "response": {"clientDataJSON": "AA", "attestationObject": "oA"}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": 1}}',
    '{"a":' * 3000,
    "[" * 20_000,
    "{" + " " * 30_000 + "}",
]


@pytest.mark.parametrize("sent", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_refused_and_breaks_nothing(data: World, sent: str) -> None:
    identity = logged_in(data, "alice", with_code=True)
    now = data.clock()
    assert refused(lambda: passkey_setup.register(identity, sent, actor=VISITOR, now=now)) == "unreadable"
    if sent.startswith("{"):
        assert refused(lambda: give(data, identity, sent)) == "unreadable"


def test_an_answer_with_changed_bytes_is_refused(data: World) -> None:
    device = Authenticator()
    added(data, device)
    identity, question = asked(data)
    answer = json.loads(device.answer(question))
    subject, session_id = identity.subject, identity.session.id
    for part, text in answer["response"].items():
        for place in range(0, len(text), 7):
            other = "A" if text[place] in LAST_HALF else "9"  # the first bit of the last letter counts always
            changed = text[:place] + other + text[place + 1 :]
            sent = json.dumps({**answer, "response": {**answer["response"], part: changed}})
            with pytest.raises(PasskeyRefused):
                passkeys.Passkeys().check(subject, sent, session_id=session_id, now=data.clock())


def test_the_origin_of_the_site_is_that_of_its_public_address(data: World) -> None:
    assert Authenticator().origin == ORIGIN == passkeys.required_relying_party().origin


# What came after


def test_a_used_challenge_is_noted_for_as_long_as_a_clock_that_is_behind_accepts_it(data: World) -> None:
    device = Authenticator(counts=False)
    added(data, device)
    identity = logged_in(data, "alice")
    ahead = data.clock() + CLOCK_SKEW
    answer = device.answer(passkeys.question(identity, now=ahead))

    def burn() -> None:
        passkeys.check_signed(answer, Purpose.SECOND_GATE, identity.session.id, now=data.clock()).burn(
            now=data.clock()
        )

    burn()
    data.clock.advance(minutes=5, seconds=30)
    housekeeping.purge_expired(now=data.clock())
    assert refused(burn) == "replayed"


@both_databases
def test_no_credential_id_is_longer_than_the_standard_allows(
    data: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = logged_in(data, "alice", with_code=True)
    question = passkey_setup.begin(identity, now=data.clock())
    monkeypatch.setattr("tests.support.authenticator.secrets.token_bytes", lambda _length: bytes(1024))
    answer = Authenticator().make(question)
    register = partial(passkey_setup.register, identity, answer, actor=VISITOR, now=data.clock())
    assert refused(register) == "unreadable"


def test_a_code_from_before_the_rule_adds_nothing_beside_a_passkey(data: World) -> None:
    added(data, Authenticator())
    identity = logged_in(data, "alice", with_code=True)
    values = RuleValues(required=True, passkey_only=True)
    rules.set_rule(data.group_row("Finance"), values, actor=TERMINAL, now=data.clock())
    subject = subject_facts.find_by_id(identity.user.id)
    assert subject is not None
    decision = decide(subject.facts, shown=identity.level, now=data.clock())
    stale = replace(identity, subject=subject, decision=decision)
    for act in (passkey_setup.begin, enrolment.begin):
        with pytest.raises(AlreadyEnrolled):
            act(stale, now=data.clock())


@pytest.fixture
def moved(data: World) -> Identity:
    """Alice's session with an app, and a passkey of a host that the site had before."""
    added(data, Authenticator())
    db.session.query(Passkey).update({"rp_id": "login.before.example"})
    db.session.commit()
    return logged_in(data, "alice", with_code=True)


def test_a_passkey_of_another_host_is_not_asked_for(data: World, moved: Identity) -> None:
    with pytest.raises(PasskeysElsewhere):
        passkeys.question(moved, now=data.clock())


def test_the_last_app_stays_beside_a_passkey_of_another_host(data: World, moved: Identity) -> None:
    (app,) = moved.subject.authenticators
    with pytest.raises(TwoFactorRequired):
        enrolment.remove(moved, app.id, actor=VISITOR, now=data.clock())


def test_linking_an_app_takes_nothing_from_what_a_session_has_shown(data: World) -> None:
    identity = logged_in(data, "alice")
    session = identity.session
    for methods in (passkeys.BOUND, App.amr):
        _token, session = sessions.elevate(session, actor=VISITOR, now=data.clock(), methods=methods)
    assert session.amr == "pwd hwk otp user"


def test_a_privileged_user_with_a_passkey_alone_needs_no_link(data: World) -> None:
    identity = added(data, Authenticator())
    db.session.query(AppRow).filter_by(user_id=identity.user.id).delete()
    accounts.change_role(data.user("alice"), Role.HELPDESK, actor=TERMINAL, now=data.clock())
    assert not enrolment_links.needs_link(data.user("alice"))
    assert "enrolment_link" not in data.mails("alice")


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda world: account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=world.clock()),
        lambda world: accounts.end_access(world.user("alice"), actor=TERMINAL),
        lambda world: rules.set_rule(
            world.group_row("Finance"), RuleValues(required=True), actor=TERMINAL, now=world.clock()
        ),
    ],
    ids=["lock", "end access", "rule"],
)
def test_what_ends_access_while_a_passkey_logs_in_alone_holds(
    data: World, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[World], object]
) -> None:
    """The other request commits after this one has read the user, and before it has the lock."""
    values = RuleValues(required=True, passkey_alone=True)
    rules.set_rule(data.group_row("Finance"), values, actor=TERMINAL, now=data.clock())
    device = Authenticator()
    added(data, device)
    lock = passkey_step.lock_user_who_logs_in

    def late(user: UserFacts, *, now: datetime) -> None:
        meanwhile(data)
        db.session.commit()
        lock(user, now=now)

    monkeypatch.setattr(passkey_step, "lock_user_who_logs_in", late)
    answer = device.answer(passkeys.question_to_anyone(now=data.clock()))

    def log_in() -> None:
        passkey_step.sign_in_by_passkey(answer, browser=BrowserFacts(), actor=VISITOR, now=data.clock())

    assert refused(log_in) == "not alone"
    assert "login.completed" not in data.events("alice")
