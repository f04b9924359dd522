"""Requests for a new password: a page only keeps them; a job answers those of users with a mailed link.

So the request can't tell, by its answer or by the time it takes, whether the email address has an account.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.browsers.known_browsers import BrowserFacts, KnownUser, known_browser_id
from mfa_app.core.common import email_addresses
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.errors import Throttled
from mfa_app.core.keys.signing import SigningKeys
from mfa_app.core.keys.vault import CannotUnseal, vault
from mfa_app.core.mail import delivery, one_time_links, outbox
from mfa_app.core.mail.one_time_links import LIFETIME, Purpose
from mfa_app.core.throttling import counters, limits, networks
from mfa_app.extensions import db
from mfa_app.models import ResetRequest, User
from mfa_app.models.column_types import new_id
from mfa_app.models.database import rows_changed
from mfa_app.site import site

ANSWERED_AT_ONCE = 100  # so that a flood keeps a worker busy for a few seconds at most

NOBODY = "nobody@example.com"  # no mail is sent there


@dataclass(frozen=True)
class Asked:
    """What a request says: the key of the email address, who its browser knows, and where it comes from."""

    email_key: str
    known_users: tuple[KnownUser, ...]
    ip_address: str
    user_agent: str


class ResetObservers:
    """Functions that an application calls at each request. There are none where a thread runs the jobs."""

    def __init__(self, *observers: Callable[[], None]) -> None:
        self.observers = observers


def request_reset(email: str, *, browser: BrowserFacts, actor: Actor, now: datetime) -> None:
    """Keep the request until a job answers it. All email addresses cost the same statements.

    Raises InvalidEmail for what can't be an address, and Throttled for a network that asks too often.
    """
    key = email_addresses.parse(email).key
    networks.charge(limits.RESET_REQUESTS, actor.ip_address, now=now)
    asked = Asked(key, browser.known_users, actor.ip_address, actor.user_agent)
    row = ResetRequest(id=new_id(), created_at=now)
    row.sealed_request = vault().seal(json.dumps(asdict(asked)), row.seal_context)
    db.session.add(row)
    for observer in site()[ResetObservers].observers:
        observer()


def answer_requests(*, now: datetime) -> int:
    """Answer the requests that are waiting, at most 100; commit each. Return how many links were mailed."""
    mailed = 0
    oldest_first = select(ResetRequest).order_by(ResetRequest.created_at).limit(ANSWERED_AT_ONCE)
    for row in db.session.scalars(oldest_first).all():
        asked = _take(row)
        if asked is not None:
            mailed += _answer(asked, now)
        db.session.commit()
    return mailed


def _take(row: ResetRequest) -> Asked | None:
    """Delete a request and return what it says, or None if another process has it or no key opens it."""
    if rows_changed(delete(ResetRequest).where(ResetRequest.id == row.id)) != 1:
        return None
    try:
        said = json.loads(vault().unseal(row.sealed_request, row.seal_context))
    except CannotUnseal:
        return None
    known = tuple(KnownUser(**entry) for entry in said.pop("known_users"))
    return Asked(known_users=known, **said)


def _answer(asked: Asked, now: datetime) -> bool:
    """Mail a link to an enabled user, three an hour at most. Return False if there is nobody to mail to.

    Only a user's request adds a row to the trail, or attackers could fill the disk with made-up addresses.
    """
    user = db.session.scalar(select(User).where(User.email_key == asked.email_key))
    if user is None or not _charge(user, asked, now):
        _work_for_nobody(now)
        return False
    visitor = Actor(ActorKind.VISITOR, ip_address=asked.ip_address, user_agent=asked.user_agent)
    record(Event.PASSWORD_RESET_REQUESTED, actor=visitor, subject=user)
    if not user.is_open(now):
        _work_for_nobody(now)
        return False
    token = one_time_links.create(Purpose.PASSWORD_RESET, user, now=now)
    outbox.enqueue(outbox.Mail.PASSWORD_RESET, user, now=now, token=token, minutes=_minutes())
    return True


def _charge(user: User, asked: Asked, now: datetime) -> bool:
    """Count the mail. Return False if there were too many.

    Strangers share a counter, and each browser that is known to the user has its own. Both begin again when
    the user's access is revoked, because that ends the earlier links.
    """
    browser = BrowserFacts(asked.known_users, keys=site()[SigningKeys].keys)
    own = known_browser_id(user, browser)
    key = f"{user.id}:{user.security_stamp}" + (f":{own}" if own else "")
    try:
        counters.charge(limits.MAIL_TO_USER, key, now=now)
    except Throttled:
        return False
    return True


def _work_for_nobody(now: datetime) -> None:
    """Compose a mail and drop it, so that this process is as busy as for a user."""
    context = {"token": "x" * 43, "minutes": _minutes()}
    mail = outbox.draft(outbox.Mail.PASSWORD_RESET, to=NOBODY, name="Nobody", now=now, **context)
    delivery.rehearse(mail)


def _minutes() -> int:
    return int(LIFETIME[Purpose.PASSWORD_RESET].total_seconds() // 60)
