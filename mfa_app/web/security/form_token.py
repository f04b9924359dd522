"""The CSRF token of a page: Flask-WTF's own, which it also checks, by a signer that is made once."""

import secrets
from functools import cache

from flask import Flask, current_app, g, session

from mfa_app.web.security.signing import TimedSigner, signing_keys

NAME = "csrf_token"  # in g and in the session, as Flask-WTF names it

SALT = "wtf-csrf-token"

TOKEN_BYTES = 20


def init_app(app: Flask) -> None:
    """Let templates write this token. Call it after Flask-WTF has given them its own."""
    app.jinja_env.globals[NAME] = form_token


def form_token() -> str:
    """Return the token for all forms of this request's page."""
    if NAME not in g:
        if NAME not in session:
            session[NAME] = secrets.token_hex(TOKEN_BYTES)
        g.csrf_token = _signer(*signing_keys(current_app)).dumps(session[NAME])
    return str(g.csrf_token)


@cache
def _signer(*keys: str) -> TimedSigner:
    return TimedSigner(keys, salt=SALT)
