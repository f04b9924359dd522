"""The first administrator: the one account that a set-up link creates."""

from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import email_addresses
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.errors import AlreadySetUp
from mfa_app.core.common.locks import lock_administration
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.passwords import change
from mfa_app.core.policy import last_administrator
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.policy.facts import find_subjects
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.signed_in import SignedIn, as_user
from mfa_app.core.users import accounts, enrolment_links
from mfa_app.core.users.accounts import Profile
from mfa_app.models import OneTimeLink, Role, User
from mfa_app.models.database import rows_beside
from mfa_app.site import site


class SetUpNoted:
    """Whether this process has seen that the site is set up. It stays so: the last administrator can't go."""

    def __init__(self) -> None:
        self.seen = False


def is_set_up() -> bool:
    """Return whether there is an administrator; True also if the database doesn't answer.

    Once there is one, this costs no statement.
    """
    noted = site()[SetUpNoted]
    if not noted.seen:
        try:
            noted.seen = bool(rows_beside(last_administrator.ANY))
        except SQLAlchemyError:
            return True
    return noted.seen


def create_setup_link(*, actor: Actor, now: datetime) -> str:
    """Return the token of a new link for creating the first administrator. The previous link stops working.

    Raises AlreadySetUp.
    """
    if last_administrator.administrator_exists():
        raise AlreadySetUp
    token = one_time_links.create(Purpose.SETUP, None, actor=actor, now=now)
    record(Event.SETUP_LINK_MADE, actor=actor)
    return token


def unfinished() -> User | None:
    """Return the only administrator if that one left the set-up before linking an app, else None."""
    administrators = find_subjects(User.role == Role.ADMIN)
    if len(administrators) != 1 or not enrolment_links.needs_link(administrators[0].user):
        return None
    return administrators[0].user


def create_first_administrator(
    link: OneTimeLink, profile: Profile, password: str, *, actor: Actor, now: datetime
) -> SignedIn:
    """Create the first administrator of a new installation, use up the set-up link and start a session.

    Raises AlreadySetUp, EmailTaken, InvalidEmail, OneTimeLinkExpired, UnacceptablePassword, HashingQueueFull.
    """
    address = email_addresses.parse(profile.email)
    hashed = change.hash_new(password, address.shown, profile.name)
    lock_administration()
    if last_administrator.administrator_exists():
        raise AlreadySetUp
    accounts.require_free_email(address)
    one_time_links.consume(link)
    installer = Actor(
        ActorKind.SETUP, "set-up link", ip_address=actor.ip_address, user_agent=actor.user_agent
    )
    user = accounts.insert_user(profile, address, password_hash=hashed, groups=[], actor=installer, now=now)
    token, session = sessions.start(user, actor=as_user(actor, user), now=now, from_link=True)
    return SignedIn(token, session, user, verdict=Verdict.ENROL)
