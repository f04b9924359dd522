"""Who makes this request, from where and with what, as the trail will say it."""

import re

from flask import g, request

from mfa_app.core.common.actor import Actor
from mfa_app.core.sessions.sessions import Identity


def current_identity() -> Identity | None:
    """Return who the session of this request belongs to, whichever gate that person faces."""
    return g.get("identity")


def current_actor() -> Actor:
    """Return the actor. The address comes through the one configured ProxyFix, never from a header."""
    place = {"ip_address": (request.remote_addr or "")[:45], "user_agent": user_agent()}
    identity = current_identity()
    if identity is None:
        return Actor("visitor", **place)
    return Actor("person", identity.user.email, identity.user.id, identity.user.role, **place)


def user_agent() -> str:
    """Return what the browser calls itself, as one short printable line."""
    return re.sub(r"[^\x20-\x7e]", "?", request.headers.get("User-Agent", ""))[:300]
