"""Who sends this request, from which IP address and browser, as recorded on the trail."""

import re

from flask import g, request

from mfa_app.core.common.actor import Actor
from mfa_app.core.sessions.sessions import Identity


def current_identity() -> Identity | None:
    """Return the identity of this request's session, whatever its verdict, or None."""
    return g.get("identity")


def current_actor() -> Actor:
    """Return the actor. The IP address comes from the one configured ProxyFix, never from a header."""
    place = {"ip_address": (request.remote_addr or "")[:45], "user_agent": user_agent()}
    identity = current_identity()
    if identity is None:
        return Actor("visitor", **place)
    return Actor("person", identity.user.email, identity.user.id, identity.user.role, **place)


def user_agent() -> str:
    """Return the user agent as one printable ASCII line of at most 300 characters."""
    return re.sub(r"[^\x20-\x7e]", "?", request.headers.get("User-Agent", ""))[:300]
