"""Whatever the reason, revoking ends sessions, devices and mailed links, also those begun beside it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from mfa_app.core.audit.events import Event
from mfa_app.core.browsers.known_browsers import BrowserFacts
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import OneTimeLinkExpired, SessionEnded
from mfa_app.core.factors import enrolment, link_proofs
from mfa_app.core.helpdesk import requests
from mfa_app.core.login import code_step, password_step
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.policy import subject_facts
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.revocation import RevocationReason, revoke_access, revoke_access_of_all
from mfa_app.extensions import db
from mfa_app.models import (
    Authenticator,
    AuthSession,
    HelpRequest,
    LinkProof,
    LinkSecret,
    OneTimeLink,
    PendingEnrolment,
    RememberedDevice,
    User,
)
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.refusals.scene import logged_in
from tests.support.stories import alice_on_a_remembered_device
from tests.support.world import PASSWORD, TERMINAL, World

pytestmark = both_databases
VISITOR = Actor("visitor", ip_address="192.0.2.1", user_agent="Firefox")


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance: logged in on a remembered device."""
    return world.after(alice_on_a_remembered_device)


def revoke(world: World, because: RevocationReason) -> None:
    with world.data():
        revoke_access(world.user("alice"), because=because, actor=TERMINAL)


@pytest.mark.parametrize("because", RevocationReason)
def test_every_reason_ends_everything(world: World, alice: Visitor, because: RevocationReason) -> None:
    pending = world.password_given("alice")
    with world.data():
        token = one_time_links.create(Purpose.PASSWORD_RESET, world.user("alice"), now=world.clock())
        security_stamp = world.user("alice").security_stamp
    revoke(world, because)
    assert alice.open("/").path == "/login"
    assert pending.open("/login/code").path == "/login"
    assert [world.count(model) for model in (AuthSession, RememberedDevice, PendingEnrolment)] == [0, 0, 0]
    assert world.count(OneTimeLink, OneTimeLink.purpose != Purpose.ACCOUNT_LOCK) == 0
    with world.data(), pytest.raises(OneTimeLinkExpired):
        assert world.user("alice").security_stamp == security_stamp + 1
        one_time_links.find(token, Purpose.PASSWORD_RESET, now=world.clock())


def test_the_trail_says_how_many_and_why(world: World, alice: Visitor) -> None:
    world.password_given("alice")
    revoke(world, RevocationReason.PASSWORD_CHANGED)
    assert world.details("sessions.ended") == {"count": 2, "because": "password changed"}
    assert world.details("devices.forgotten") == {"count": 1, "because": "password changed"}


def test_nobody_else_is_touched(world: World, alice: Visitor) -> None:
    world.linked_earlier("bob", groups_=("Finance",))
    bob = world.log_in_and_wait("bob", remember=True)
    revoke(world, RevocationReason.RESET)
    assert bob.open("/").path == "/"
    assert world.count(RememberedDevice) == 1


def test_the_session_that_is_kept_lives_on_without_its_device(world: World, alice: Visitor) -> None:
    with world.data():
        identity = sessions.find(alice.cookie("sid"), now=world.clock())
        because = RevocationReason.PASSWORD_CHANGED
        revoke_access(identity.user, because=because, actor=TERMINAL, except_session=identity.session)
    assert alice.open("/").path == "/"
    assert world.count(RememberedDevice) == 0


def test_a_password_checked_before_a_revocation_starts_a_session_that_is_dead(
    world: World, alice: Visitor
) -> None:
    with world.data():
        read_before = subject_facts.find_by_email("alice@example.com")
        with world.data():
            revoke_access(world.user("alice"), because=RevocationReason.DISABLED, actor=TERMINAL)
        token, _ = sessions.start(read_before.user, actor=VISITOR, now=world.clock())
    with world.data():
        assert sessions.find(token, now=world.clock()) is None


def meanwhile(act: Callable[[], None]) -> None:
    """Let this happen beside the verb that comes next, right after it has charged its limit."""
    event.listen(db.session(), "after_commit", lambda _session: act(), once=True)


def test_a_password_given_beside_a_revocation_opens_nothing(world: World, alice: Visitor) -> None:
    world.require("Finance", False)
    with world.data():
        meanwhile(lambda: revoke(world, RevocationReason.PASSWORD_CHANGED))
        given = {"browser": BrowserFacts(), "hmac_key": "x" * 32, "actor": VISITOR, "now": world.clock()}
        signed_in = password_step.sign_in("alice@example.com", PASSWORD, **given)
    with world.data():
        assert sessions.find(signed_in.token, now=world.clock()) is None


def test_a_code_given_beside_a_reset_opens_nothing(world: World, alice: Visitor) -> None:
    token, code = world.password_given("alice").cookie("sid"), world.phones["alice"].code()
    with world.data():
        identity = sessions.find(token, now=world.clock())
        meanwhile(lambda: world.reset("alice"))
        given = {"remember": True, "browser": BrowserFacts(), "actor": VISITOR, "now": world.clock()}
        with pytest.raises(SessionEnded):
            code_step.answer_challenge(identity, code, **given)
    assert [world.count(model) for model in (AuthSession, RememberedDevice, Authenticator)] == [0, 0, 0]


def test_a_right_code_beside_logging_out_everywhere_opens_nothing(world: World, alice: Visitor) -> None:
    token, code = world.password_given("alice").cookie("sid"), world.phones["alice"].code()
    with world.data():
        identity = sessions.find(token, now=world.clock())
        meanwhile(lambda: revoke(world, RevocationReason.LOGGED_OUT_EVERYWHERE))
        given = {"remember": True, "browser": BrowserFacts(), "actor": VISITOR, "now": world.clock()}
        with pytest.raises(SessionEnded):
            code_step.answer_challenge(identity, code, **given)
    assert [world.count(model) for model in (AuthSession, RememberedDevice)] == [0, 0]


def test_an_app_enabled_beside_a_reset_is_not_linked(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    eve = world.password_given("alice")
    code = world.phone_that_scans(eve.page).code()
    with world.data():
        identity = sessions.find(eve.cookie("sid"), now=world.clock())
        meanwhile(lambda: world.reset("alice"))
        with pytest.raises(SessionEnded):
            enrolment.confirm(identity, code, actor=VISITOR, now=world.clock())
    assert world.count(Authenticator) == 0


def test_a_qr_code_that_is_asked_for_beside_a_reset_is_not_shown(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    eve = world.password_given("alice")
    world.clock.advance(minutes=11)
    with world.data():
        identity = sessions.find(eve.cookie("sid"), now=world.clock())
        world.reset("alice")
        with pytest.raises(SessionEnded):
            enrolment.begin(identity, now=world.clock())


def test_a_link_mailed_under_an_old_stamp_is_dead(world: World, alice: Visitor) -> None:
    with world.data():
        user = world.user("alice")
        token = one_time_links.create(Purpose.PASSWORD_RESET, user, now=world.clock())
        db.session.flush()
        user.security_stamp += 1
    assert world.visitor().open(f"/link/{token}").status == 410


def test_the_password_survives_a_reset_and_the_code_counter_does_not(world: World, alice: Visitor) -> None:
    visitor = world.password_given("alice")
    for _ in range(5):
        visitor.press("Log in", code=world.phones["alice"].wrong_code())
    world.reset("alice")
    again = world.link_and_wait("alice")
    again.press("Log out")
    visitor = world.password_given("alice", again)
    assert visitor.press("Log in", code=world.phones["alice"].code()).path == "/"


def test_access_of_many_ends_with_what_they_wait_for_after_a_reset(world: World) -> None:
    """An import that disables people once stopped at the first who had asked for a reset."""
    world.linked_earlier("alice")
    world.password_given("alice")
    with world.data():
        requests.file(logged_in(world, "alice"), "lost", actor=VISITOR, now=world.clock())
        alice = world.user("alice")
        link_proofs.replace(
            alice, LinkProof.ACCESS_PASS, "hash", lifetime=timedelta(hours=1), now=world.clock()
        )
        db.session.flush()
        whom = select(User.id).where(User.id == alice.id)
        ended = revoke_access_of_all(whom, because=RevocationReason.DISABLED, actor=TERMINAL)
        assert ended == {alice.id: {Event.SESSIONS_ENDED: 2, Event.LINKS_ENDED: 1}}
    assert world.count(HelpRequest) == world.count(LinkSecret) == 0
