"""What a browser proves about itself: which users have logged in with it, and for which it is remembered."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common.tokens import new_token
from mfa_app.models.row_facts import AnyUser, DeviceFacts

MAX_KNOWN_USERS = 8  # of one browser; shared computers rarely have more
BROWSER_ID_LENGTH = 16


@dataclass(frozen=True)
class KnownUser:
    """A user who has completed a login in a browser.

    `owner_hash` names the user without revealing anything. `browser_id` names the browser for this user's
    counters. `proof` is worth something only while the user's password is the one used then.
    """

    owner_hash: str
    browser_id: str
    proof: str


@dataclass(frozen=True)
class HeldDevice:
    """The id and the secret of a remembered device, as the browser holds them."""

    device_id: str
    secret: str


@dataclass(frozen=True)
class BrowserFacts:
    """What a browser brings, read from its signed cookies before any action is called.

    `devices` are by owner hash. So are `stamps`: the security stamps that users had when they last logged in
    with this browser, or ended their own access with it. `keys` are the site's signing keys, the current one
    first: the hashes that name users are made with them.
    """

    known_users: tuple[KnownUser, ...] = ()
    devices: Mapping[str, HeldDevice] = field(default_factory=dict)
    stamps: Mapping[str, int] = field(default_factory=dict)
    keys: tuple[str, ...] = field(default=(), repr=False)


def owner_hashes(user: AnyUser, keys: tuple[str, ...]) -> list[str]:
    """Return the hashes that name the user, under the current key first, then under older ones."""
    return [digest[:8] for digest in _digests(f"browser|{user.id}", keys)]


def known_browser_id(user: AnyUser, browser: BrowserFacts) -> str | None:
    """Return the browser's id if this user has completed a login in it with the current password.

    A new password makes every browser unknown, because someone with the old one may have left such a
    cookie. The proof doesn't use the security stamp, which also changes with a new phone or role: an
    unknown browser shares its counter with attackers.
    """
    owners, proofs = owner_hashes(user, browser.keys), _proofs(user, browser.keys)
    for known in browser.known_users:
        if known.owner_hash in owners and known.proof in proofs:
            return known.browser_id
    return None


def known_users_after_login(user: AnyUser, browser: BrowserFacts) -> tuple[KnownUser, ...]:
    """Return the browser's known users after this user has completed a login, the latest first."""
    owners = owner_hashes(user, browser.keys)
    browser_id = known_browser_id(user, browser) or new_token()[:BROWSER_ID_LENGTH]
    own = KnownUser(owners[0], browser_id, _proofs(user, browser.keys)[0])
    others = (known for known in browser.known_users if known.owner_hash not in owners)
    return (own, *others)[:MAX_KNOWN_USERS]


def stamps_with(user: AnyUser, stamp: int, browser: BrowserFacts) -> dict[str, int]:
    """Return the browser's stamps with this one of a user, the latest first."""
    owners = owner_hashes(user, browser.keys)
    others = [(owner, other) for owner, other in browser.stamps.items() if owner not in owners]
    return dict([(owners[0], stamp), *others][:MAX_KNOWN_USERS])


def remembered_device_of(user: AnyUser, browser: BrowserFacts, now: datetime) -> DeviceFacts | None:
    """Return the device remembered for this user, if the browser holds its secret and it is still valid."""
    for owner in owner_hashes(user, browser.keys):
        if (held := browser.devices.get(owner)) is not None:
            return remembered_devices.find_valid(user, held.device_id, held.secret, now=now)
    return None


def _proofs(user: AnyUser, keys: tuple[str, ...]) -> list[str]:
    return [digest[:16] for digest in _digests(f"password|{user.id}|{user.password_hash}", keys)]


def _digests(text: str, keys: tuple[str, ...]) -> list[str]:
    return [hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest() for key in keys]
