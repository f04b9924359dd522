"""What mails need to be written by hand, and what must be so that they leave."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from mfa_app.core.mail.outbox import Mail
from mfa_app.core.rollout import rule_mails
from mfa_app.core.users import invitations
from mfa_app.extensions import db
from mfa_app.models import Invitation, OutboxMail
from tests.support.world import TERMINAL, World

INVITED: dict[str, object] = {
    "token": "A" * 43,
    "email": "alice@example.com",
    "sender": "Carol",
    "until": "2027-03-31T12:00:00+00:00",
    "phone": "later",
    "phone_by": "2027-03-31T12:00:00+00:00",
}

CONTEXT: dict[Mail, dict[str, object]] = {
    Mail.ACCOUNT_ENDS: {"last_day": "2027-03-31T12:00:00+00:00"},
    Mail.EXEMPTION_GIVEN: {"until": "2027-03-31T12:00:00+00:00"},
    Mail.EXEMPTION_ENDS: {"until": "2027-03-31T12:00:00+00:00"},
    Mail.EXEMPTIONS_END: {"until": "2027-03-31T12:00:00+00:00"},
    Mail.INVITATION: INVITED,
    Mail.INVITATION_ENDS: INVITED,
    Mail.NEW_LINK_WANTED: {"person": "Dora", "email": "dora@example.com"},
    Mail.PASSWORD_RESET: {"token": "A" * 43, "minutes": 60},
    Mail.RESET_REQUESTED: {"token": "A" * 43, "reason": "My phone is lost", "hours": 4},
    Mail.APPROVAL_ASKED: {
        "token": "A" * 43,
        "actor_name": "dave@example.com",
        "reason": "lost phone",
        "checked": "called back",
    },
    Mail.APPROVAL_WANTED: {
        "who": "erin@example.com",
        "called": "Erin",
        "actor_name": "carol@example.com",
        "reason": "lost phone",
        "hours": 4,
    },
    Mail.APPROVAL_STOPPED: {
        "who": "alice@example.com",
        "asked_by": "dave@example.com",
        "reason": "lost phone",
        "too_late": False,
    },
    Mail.RESET: {"actor_name": "dave@example.com", "reason": "lost phone", "checked": "called back"},
    Mail.ACCESS_PASS_MADE: {"actor_name": "dave@example.com", "until": "2027-03-31T12:00:00+00:00"},
    Mail.EMAIL_CODE: {"code": "123456", "until": "2027-03-31T12:00:00+00:00"},
    Mail.BREAK_GLASS_USED: {"left": 1},
    Mail.BREAK_GLASS_ALARM: {"who": "carol@example.com", "left": 1},
    Mail.BREAK_GLASS_REFUSED: {"who": "carol@example.com", "failures": 3},
    Mail.ADDRESS_CHANGED: {"new_address": "alicia@example.com"},
}

BEGINS_IN = {Mail.RULE_ANNOUNCED: timedelta(days=10), Mail.RULE_SOON: timedelta(days=2)}


def invited(world: World, name: str, *, ago: timedelta) -> None:
    """Let somebody have been invited that long ago, and have asked for a new link."""
    with world.data():
        user, then = world.user(name), world.clock() - ago
        user.password_hash = None
        invitations.invite(user, actor=TERMINAL, now=then)
        db.session.execute(delete(OutboxMail))
        invitation = db.session.get_one(Invitation, user.id)
        invitation.asked_at = world.clock()
        if invitation.expires_at > world.clock():
            invitation.expires_at = datetime.fromisoformat(str(INVITED["until"]))


def made_true(world: World, kind: Mail) -> dict[str, object]:
    """Let be so what a mail of a roll-out or of an exemption tells alice, and return what the mail is about.

    Such a mail leaves only while it is true; others leave whatever is so.
    """
    begins = world.clock() + BEGINS_IN.get(kind, timedelta())
    world.require(None, required_from=begins if kind in BEGINS_IN else None)
    with world.data():
        if kind in (Mail.EXEMPTION_GIVEN, Mail.EXEMPTION_ENDS):
            until = datetime.fromisoformat(str(CONTEXT[kind]["until"]))
            world.user("alice").exempt_until = until
        if kind is Mail.LAST_DAY:
            world.user("alice").link_by = world.clock() + timedelta(hours=3)
    if kind is Mail.INVITATION_ENDS:
        invited(world, "alice", ago=timedelta(days=6))
        return {}
    if kind is Mail.NEW_LINK_WANTED:
        world.person("dora", password=None)
        invited(world, "dora", ago=timedelta(days=8))
        return {"person_id": world.id_of("dora")}
    if kind not in rule_mails.MAILS:
        return {}
    scope = "" if kind is Mail.LAST_DAY else "everyone "
    return {"about": f"{scope}{begins:%Y-%m-%d}", "group_id": None}
