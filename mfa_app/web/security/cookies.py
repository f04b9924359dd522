"""Every cookie that this site sets: its name, its attributes, and what it proves."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta

from flask import Response, current_app, g, request
from itsdangerous import BadData, URLSafeSerializer

from mfa_app.core.common.tokens import new_token
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.models import User

SESSION = "sid"

KNOWN_BROWSER = "known"

DEVICE = "device"

KNOWN_PEOPLE = 8  # users that one browser is known to; shared computers rarely have more

REMEMBERED_PEOPLE = 10

KNOWN_FOR = timedelta(days=365)


def cookie_name(name: str) -> str:
    """Return the cookie's name; under https with the prefix that ties it to this host and to TLS."""
    return f"__Host-{name}" if current_app.config["SETTINGS"].https else name


def session_token() -> str | None:
    """Return the session token that this request carries, unverified, or None."""
    return request.cookies.get(cookie_name(SESSION)) or None


def issue_cookies(signed_in: SignedIn) -> None:
    """Queue the cookies of a new session; if the login is complete, mark this browser as known."""
    g.new_cookies = {**_queued(), cookie_name(SESSION): (signed_in.token, None, "Lax")}
    if signed_in.signed_in_fully:
        _know(signed_in.user)
    if signed_in.device is not None:
        secret, device = signed_in.device
        value = _serializer("device").dumps([device.id, secret])
        lifetime = device.expires_at - device.created_at
        g.new_cookies[_device_name(signed_in.user)] = (value, lifetime, "Strict")
        _make_room()


def clear_session_cookie() -> None:
    """Queue the removal of the session cookie."""
    g.new_cookies = {**_queued(), cookie_name(SESSION): (None, None, "Lax")}


def set_cookies(response: Response) -> Response:
    """Set the queued cookies on a response. A failed response (500 and above) sets none."""
    if response.status_code >= 500:
        return response
    for name, (value, lifetime, same_site) in _queued().items():
        response.set_cookie(
            name,
            value or "",
            max_age=0 if value is None else lifetime,
            secure=current_app.config["SETTINGS"].https,
            httponly=True,
            samesite=same_site,
        )
    return response


@dataclass(frozen=True)
class SignedCookies:
    """What the browser brings to the password step; implements core.login.Browser."""

    jar: dict[str, str] = field(default_factory=dict)

    def known_to(self, user: User) -> str | None:
        """Return the browser's id if this user has completed a login here with the current password.

        A new password makes every browser unknown, because somebody with the old one may have left such a
        cookie. The proof doesn't use the security stamp, which also changes with a new phone or role: an
        unknown browser shares its counter with attackers.
        """
        owners, proofs = _marks_of(user), _proofs_of(user)
        for owner, known, proof in _known_people(self.jar):
            if owner in owners and proof in proofs:
                return known
        return None

    def device_of(self, user: User) -> tuple[str, str] | None:
        names = [f"{cookie_name(DEVICE)}-{mark}" for mark in _marks_of(user)]
        held = _load("device", next((self.jar[name] for name in names if name in self.jar), None))
        if isinstance(held, list) and len(held) == 2 and all(isinstance(part, str) for part in held):
            return held[0], held[1]
        return None


def this_browser() -> SignedCookies:
    """Return what this request's browser brings."""
    return SignedCookies(dict(request.cookies))


def _know(user: User) -> None:
    marks = _marks_of(user)
    people = [entry for entry in _known_people(request.cookies) if entry[0] not in marks]
    known = this_browser().known_to(user) or new_token()[:16]
    own = [marks[0], known, _proofs_of(user)[0]]
    value = _serializer("known-browser").dumps([own, *people][:KNOWN_PEOPLE])
    g.new_cookies[cookie_name(KNOWN_BROWSER)] = (value, KNOWN_FOR, "Strict")


def _known_people(jar: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return owner hash, browser id and proof of each user that this browser is known to."""
    held = _load("known-browser", jar.get(cookie_name(KNOWN_BROWSER)))
    if not isinstance(held, list):
        return []
    return [tuple(map(str, entry)) for entry in held if isinstance(entry, list) and len(entry) == 3]


def _make_room() -> None:
    """Delete other users' device cookies before there are so many that the browser evicts some itself."""
    prefix = cookie_name(DEVICE) + "-"
    others = [name for name in request.cookies if name.startswith(prefix) and name not in g.new_cookies]
    for name in others[REMEMBERED_PEOPLE - 1 :]:
        g.new_cookies[name] = (None, None, "Strict")


def _device_name(user: User) -> str:
    return f"{cookie_name(DEVICE)}-{_marks_of(user)[0]}"


def _marks_of(user: User) -> list[str]:
    """Return hashes that name the user without revealing anything: under the current key, then older ones."""
    return [digest[:8] for digest in _digests(f"browser|{user.id}")]


def _proofs_of(user: User) -> list[str]:
    """Return the proofs that this browser was used to log in with the user's current password."""
    return [digest[:16] for digest in _digests(f"password|{user.id}|{user.password_hash}")]


def _digests(text: str) -> list[str]:
    keys = [current_app.secret_key, *(current_app.config["SECRET_KEY_FALLBACKS"] or ())]
    return [hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest() for key in keys]


def _serializer(purpose: str) -> URLSafeSerializer:
    keys = [*(current_app.config["SECRET_KEY_FALLBACKS"] or ()), current_app.secret_key]
    return URLSafeSerializer(
        keys, salt=f"second-gate-{purpose}-v1", signer_kwargs={"digest_method": hashlib.sha256}
    )


def _load(purpose: str, value: str | None) -> object:
    try:
        return _serializer(purpose).loads(value) if value else None
    except BadData:
        return None


def _queued() -> dict[str, tuple[str | None, timedelta | None, str]]:
    return g.get("new_cookies", {})
