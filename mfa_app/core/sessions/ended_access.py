"""Why a session ended: what the next login says, once, to somebody who has given the password."""

from dataclasses import dataclass
from datetime import datetime

from mfa_app.core.browsers.known_browsers import BrowserFacts, owner_hashes
from mfa_app.core.sessions.revocation import EndedBy, RevocationReason
from mfa_app.models.row_facts import UserFacts


@dataclass(frozen=True)
class EndedAccess:
    """The change that ended a session which was in use, who made it, and when."""

    because: RevocationReason
    by: EndedBy
    at: datetime


def to_tell(user: UserFacts, browser: BrowserFacts) -> EndedAccess | None:
    """Return what ended this user's sessions since the last login, or None.

    There is nothing to tell in a browser that was still in after the change, because it was made there; nor
    of what only a newer version knows, on another node: whoever gives the password gets in all the same.
    """
    at, because, by = user.access_ended_at, user.access_ended_because, user.access_ended_by
    if at is None or because is None or by is None or _was_made_in(browser, user):
        return None
    try:
        return EndedAccess(RevocationReason(because), EndedBy(by), at)
    except ValueError:
        return None


def _was_made_in(browser: BrowserFacts, user: UserFacts) -> bool:
    owners = owner_hashes(user, browser.keys)
    return any(browser.stamps.get(owner) == user.security_stamp for owner in owners)
