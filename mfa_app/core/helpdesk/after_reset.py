"""What the browser that waited for a reset may do then: go on to linking without logging in once more."""

from datetime import datetime

from mfa_app.core.audit.events import EndReason, Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import OneTimeLinkExpired
from mfa_app.core.common.locks import lock_user
from mfa_app.core.helpdesk.requests import OpenRequest
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.policy import subject_facts
from mfa_app.core.policy.decision import Verdict, decide
from mfa_app.core.policy.levels import Level
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn, as_user
from mfa_app.models import User


def permit(user: User, request: OpenRequest) -> None:
    """Let the browser that filed this request go on, once, until the request would have ended.

    Call it after access has been revoked: whatever revokes access later ends this too.
    """
    one_time_links.add_for_token(
        Purpose.AFTER_RESET, user, token_digest=request.digest, expires_at=request.expires_at
    )


def go_on(token: str, *, replaces: Identity | None, actor: Actor, now: datetime) -> SignedIn:
    """Start a session for the browser that waited. It has shown the password, when the request was filed.

    It lets nobody in: it leads to linking, which asks for the password again if that was too long ago.
    `replaces` is the browser's present session, which ends. Raises OneTimeLinkExpired, also if the password
    alone would open the site now.
    """
    link, user = one_time_links.find(token, Purpose.AFTER_RESET, now=now)
    if user is None:  # never for this purpose
        raise OneTimeLinkExpired
    lock_user(user)
    subject = subject_facts.find_by_id(user.id)
    if subject is None or subject.user.security_stamp != link.security_stamp or not subject.user.is_open(now):
        raise OneTimeLinkExpired
    verdict = decide(subject.facts, shown=Level.PASSWORD, now=now).verdict
    if verdict is Verdict.ALLOW:
        raise OneTimeLinkExpired
    one_time_links.consume(link)
    actor = as_user(actor, subject.user)
    if replaces is not None:
        sessions.end_because(replaces, EndReason.LOGGED_IN_AGAIN, actor=actor)
    filed_at = one_time_links.made_at(link)
    new_token, session = sessions.start(subject.user, actor=actor, now=now, password_at=filed_at)
    record(Event.RESET_FOLLOWED, actor=actor, subject=subject.user)
    return SignedIn(new_token, session, subject.user, verdict=verdict)
