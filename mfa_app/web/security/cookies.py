"""Every cookie that this site sets: its name, its attributes, and the facts read from it."""

import hashlib
from datetime import timedelta
from functools import cache
from typing import NamedTuple

from flask import Response, current_app, g, request
from itsdangerous import BadData

from mfa_app.core.browsers.known_browsers import (
    BrowserFacts,
    HeldDevice,
    KnownUser,
    known_users_after_login,
    owner_hashes,
    stamps_with,
)
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.models.row_facts import AnyUser
from mfa_app.settings import Settings
from mfa_app.web.security.signing import Signer, signing_keys

SESSION = "sid"
FORM = "form"  # Flask's: the CSRF token and flash messages, never an identity
KNOWN_BROWSER = "known"
DEVICE = "device"
MAX_DEVICE_COOKIES = 10  # of one browser, each for another user
KNOWN_BROWSER_LIFETIME = timedelta(days=365)


class NewCookie(NamedTuple):
    """A cookie to set: removed if it has no value, ended with the browser if it has no lifetime."""

    value: str | None
    lifetime: timedelta | None
    same_site: str


def cookie_name(name: str) -> str:
    """Return the cookie's name on this site."""
    return name_under(current_app.config["SETTINGS"], name)


def name_under(settings: Settings, name: str) -> str:
    """Return the cookie's name on the site with these settings.

    Under https it begins with the prefix that ties it to this host and to TLS. An unusual port comes next, so
    that another site on the same host, whose cookies arrive here too, has other names.
    """
    port = settings.unusual_port
    return ("__Host-" if settings.https else "") + (f"{port}-" if port else "") + name


def session_token() -> str | None:
    """Return the session token that this request carries, unverified, or None."""
    return request.cookies.get(cookie_name(SESSION)) or None


def browser_facts() -> BrowserFacts:
    """Return what this request's browser brings, as far as its cookies are signed by this site."""
    return BrowserFacts(_known_users(), _devices(), _stamps(), _newest_first())


def issue_cookies(signed_in: SignedIn) -> None:
    """Queue the cookies of a new session; if the login is complete, mark this browser as known.

    If it was known until the login renewed the hash that proves it, it stays so. With it goes the security
    stamp that the session has.
    """
    _queue(SESSION, NewCookie(signed_in.token, None, "Lax"))
    if signed_in.signed_in_fully or signed_in.known_again:
        known = known_users_after_login(signed_in.user, browser_facts())
        _write_known(signed_in.user, known, signed_in.session.security_stamp)
    if signed_in.device is not None:
        secret, device = signed_in.device
        value = _signer("device").dumps([device.id, secret])
        lifetime = device.expires_at - device.created_at
        owner = owner_hashes(signed_in.user, _newest_first())[0]
        _queue(f"{DEVICE}-{owner}", NewCookie(value, lifetime, "Strict"))
        _evict_device_cookies()


def note_own_change(user: AnyUser, stamp: int) -> None:
    """Note that a user has ended all access with this browser, which raised the security stamp to this."""
    _write_known(user, _known_users(), stamp)


def clear_session_cookie() -> None:
    """Queue the removal of the session cookie."""
    _queue(SESSION, NewCookie(None, None, "Lax"))


def set_cookies(response: Response) -> Response:
    """Set the queued cookies on a response. A failed response (500 and above) sets none."""
    if response.status_code >= 500:
        return response
    for name, cookie in _queued().items():
        response.set_cookie(
            name,
            cookie.value or "",
            max_age=0 if cookie.value is None else cookie.lifetime,
            secure=current_app.config["SETTINGS"].https,
            httponly=True,
            samesite=cookie.same_site,
        )
    return response


def _entries(length: int) -> list[list[object]]:
    """Return the entries of the cookie for known browsers that have this length, as each kind has another."""
    held = _load("known-browser", request.cookies.get(cookie_name(KNOWN_BROWSER)))
    entries = held if isinstance(held, list) else []
    return [entry for entry in entries if isinstance(entry, list) and len(entry) == length]


def _known_users() -> tuple[KnownUser, ...]:
    return tuple(KnownUser(*map(str, entry)) for entry in _entries(3))


def _stamps() -> dict[str, int]:
    return {str(owner): stamp for owner, stamp in _entries(2) if isinstance(stamp, int)}


def _devices() -> dict[str, HeldDevice]:
    prefix, found = f"{cookie_name(DEVICE)}-", {}
    for name, value in request.cookies.items():
        held = _load("device", value) if name.startswith(prefix) else None
        if isinstance(held, list) and len(held) == 2 and all(isinstance(part, str) for part in held):
            found[name.removeprefix(prefix)] = HeldDevice(*held)
    return found


def _write_known(user: AnyUser, known: tuple[KnownUser, ...], stamp: int) -> None:
    users = [[entry.owner_hash, entry.browser_id, entry.proof] for entry in known]
    stamps = [list(entry) for entry in stamps_with(user, stamp, browser_facts()).items()]
    value = _signer("known-browser").dumps([*users, *stamps])
    _queue(KNOWN_BROWSER, NewCookie(value, KNOWN_BROWSER_LIFETIME, "Strict"))


def _evict_device_cookies() -> None:
    """Remove other users' device cookies before there are so many that the browser evicts some itself."""
    prefix = f"{cookie_name(DEVICE)}-"
    others = [name for name in request.cookies if name.startswith(prefix) and name not in _queued()]
    for name in others[MAX_DEVICE_COOKIES - 1 :]:
        _queued()[name] = NewCookie(None, None, "Strict")


def _newest_first() -> tuple[str, ...]:
    return signing_keys(current_app)[::-1]


def _signer(purpose: str) -> Signer:
    return _signer_with(purpose, *signing_keys(current_app))


@cache
def _signer_with(purpose: str, *keys: str) -> Signer:
    return Signer(
        keys,
        salt=f"second-gate-{purpose}-v1",
        signer_kwargs={"digest_method": hashlib.sha256},
    )


def _load(purpose: str, value: str | None) -> object:
    try:
        return _signer(purpose).loads(value) if value else None
    except BadData:
        return None


def _queue(name: str, cookie: NewCookie) -> None:
    _queued()[cookie_name(name)] = cookie


def _queued() -> dict[str, NewCookie]:
    queued: dict[str, NewCookie] = g.setdefault("new_cookies", {})
    return queued
