"""Every cookie that this site sets: its name, its attributes, and what it may be believed."""

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

KNOWN_PEOPLE = 8  # people whom one browser is known to; a shared computer has seldom more

REMEMBERED_PEOPLE = 10

KNOWN_FOR = timedelta(days=365)


def cookie_name(name: str) -> str:
    """Return the name under https with the prefix that ties the cookie to this host and to TLS."""
    return f"__Host-{name}" if current_app.config["SETTINGS"].https else name


def session_token() -> str | None:
    """Return the token of the session that this request says it belongs to."""
    return request.cookies.get(cookie_name(SESSION)) or None


def issue_cookies(signed_in: SignedIn) -> None:
    """Let the answer to this request give the browser its token; whoever is through is known here later."""
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
    """Let the answer to this request remove the session's token from the browser."""
    g.new_cookies = {**_queued(), cookie_name(SESSION): (None, None, "Lax")}


def set_cookies(response: Response) -> Response:
    """Put the queued cookies on an answer; an answer that failed sets none."""
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
    """What the browser brings to the first gate; implements core.login.Browser."""

    jar: dict[str, str] = field(default_factory=dict)

    def known_to(self, user: User) -> str | None:
        """Return the browser's mark if this person has been through both gates here, with today's password.

        A new password makes strangers of all browsers: whoever knew the old one may have left such a cookie
        behind. The security stamp would make them strangers for a new phone or a new role too, and to be a
        stranger is to be shut out by strangers' guesses.
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
    """Return what the browser of this request brings along."""
    return SignedCookies(dict(request.cookies))


def _know(user: User) -> None:
    marks = _marks_of(user)
    people = [entry for entry in _known_people(request.cookies) if entry[0] not in marks]
    known = this_browser().known_to(user) or new_token()[:16]
    own = [marks[0], known, _proofs_of(user)[0]]
    value = _serializer("known-browser").dumps([own, *people][:KNOWN_PEOPLE])
    g.new_cookies[cookie_name(KNOWN_BROWSER)] = (value, KNOWN_FOR, "Strict")


def _known_people(jar: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return for each person whom the browser is known to: the person's name here, its mark, the proof."""
    held = _load("known-browser", jar.get(cookie_name(KNOWN_BROWSER)))
    if not isinstance(held, list):
        return []
    return [tuple(map(str, entry)) for entry in held if isinstance(entry, list) and len(entry) == 3]


def _make_room() -> None:
    """Drop other people's device cookies once there are so many that the browser would drop some itself."""
    prefix = cookie_name(DEVICE) + "-"
    others = [name for name in request.cookies if name.startswith(prefix) and name not in g.new_cookies]
    for name in others[REMEMBERED_PEOPLE - 1 :]:
        g.new_cookies[name] = (None, None, "Strict")


def _device_name(user: User) -> str:
    return f"{cookie_name(DEVICE)}-{_marks_of(user)[0]}"


def _marks_of(user: User) -> list[str]:
    """Return names for the person that tell a stranger nothing: under today's key, then under older ones."""
    return [digest[:8] for digest in _digests(f"browser|{user.id}")]


def _proofs_of(user: User) -> list[str]:
    """Return what only a browser has in which somebody was let in with the password that holds now."""
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
