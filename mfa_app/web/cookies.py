"""Every cookie that this site sets: its name, its attributes, and what it may be believed."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta

from flask import Response, current_app, g, request
from itsdangerous import BadData, URLSafeSerializer

from mfa_app.core.login import SignedIn
from mfa_app.core.secrets import new_token
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


def hand_over(signed_in: SignedIn) -> None:
    """Let the answer to this request give the browser its new token, and remember the browser as known."""
    g.new_cookies = {**_queued(), cookie_name(SESSION): (signed_in.token, None, "Lax")}
    _know(signed_in.user)
    if signed_in.device is not None:
        secret, device = signed_in.device
        value = _serializer("device").dumps([device.id, secret])
        lifetime = device.expires_at - device.created_at
        g.new_cookies[_device_name(signed_in.user)] = (value, lifetime, "Strict")
        _make_room()


def take_back_session() -> None:
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
        people = dict(_known_people(self.jar))
        return next((people[mark] for mark in _marks_of(user) if mark in people), None)

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
    people = [pair for pair in _known_people(request.cookies) if pair[0] not in marks]
    known = this_browser().known_to(user) or new_token()[:16]
    value = _serializer("known-browser").dumps([[marks[0], known], *people][:KNOWN_PEOPLE])
    g.new_cookies[cookie_name(KNOWN_BROWSER)] = (value, KNOWN_FOR, "Strict")


def _known_people(jar: dict[str, str]) -> list[tuple[str, str]]:
    held = _load("known-browser", jar.get(cookie_name(KNOWN_BROWSER)))
    if not isinstance(held, list):
        return []
    return [(str(pair[0]), str(pair[1])) for pair in held if isinstance(pair, list) and len(pair) == 2]


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
    keys = [current_app.secret_key, *(current_app.config["SECRET_KEY_FALLBACKS"] or ())]
    text = f"browser|{user.id}".encode()
    return [hmac.new(key.encode(), text, hashlib.sha256).hexdigest()[:8] for key in keys]


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
