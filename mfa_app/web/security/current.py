"""Who sends this request, from which IP address and browser, as recorded on the trail."""

import re

from flask import g, request

from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import as_user


def current_identity() -> Identity:
    """Return the identity of this request's session, whatever its verdict.

    Raises RuntimeError without one: only views behind the gate may call this.
    """
    identity = identity_or_none()
    if identity is None:
        raise RuntimeError("nobody has logged in: a public page must ask identity_or_none()")
    return identity


def identity_or_none() -> Identity | None:
    """Return the identity of this request's session, whatever its verdict, or None."""
    identity: Identity | None = g.get("identity")
    return identity


def current_actor() -> Actor:
    """Return the actor. The IP address comes from the one configured ProxyFix, never from a header."""
    ip_address = (request.remote_addr or "")[:45]
    visitor = Actor(ActorKind.VISITOR, ip_address=ip_address, user_agent=user_agent())
    identity = identity_or_none()
    return visitor if identity is None else as_user(visitor, identity.user)


def user_agent() -> str:
    """Return the user agent as one printable ASCII line of at most 300 characters."""
    return re.sub(r"[^\x20-\x7e]", "?", request.headers.get("User-Agent", ""))[:300]
