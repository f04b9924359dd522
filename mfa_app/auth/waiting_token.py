"""The token by which this browser waits for a reset. It is in the signed form cookie and names nobody."""

from flask import session

from mfa_app.core.common import clock
from mfa_app.core.helpdesk import requests
from mfa_app.models.row_facts import AnyUser

_KEY = "help_request"


def keep(token: str) -> None:
    """Wait with this token from now on."""
    session[_KEY] = token


def held() -> str:
    """Return the token with which this browser waits; empty if it doesn't."""
    return str(session.get(_KEY, ""))


def forget() -> None:
    """Stop waiting."""
    session.pop(_KEY, None)


def empty_form_cookie_for(user: AnyUser) -> None:
    """Empty the form cookie at a login. Keep only the token, and that only if this user waits with it."""
    token = held()
    session.clear()
    if token and requests.is_waited_for_by(user, token, now=clock.now()):
        keep(token)
