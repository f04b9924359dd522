"""How many wrong passwords a browser has given for an email address since its last login, in its cookie.

An unknown browser shares its counter with attackers, and a success takes back only its own failures.
"""

from flask import current_app, session

from mfa_app.core.common import email_addresses

KEY, DIGEST_LENGTH = "wrong", 16


def failures_of_browser(email: str) -> int:
    """Return how many wrong passwords this browser has given for this address."""
    digest, count = session.get(KEY) or ("", 0)
    return int(count) if count and digest == _digest(email) else 0


def count_failure(email: str) -> None:
    """Count a wrong password, whether or not the address has an account. Another address starts again."""
    session[KEY] = [_digest(email), failures_of_browser(email) + 1]


def _digest(email: str) -> str:
    key = email_addresses.key_of(email)
    return email_addresses.keyed_digest(key, current_app.config["SECRET_KEY"])[:DIGEST_LENGTH]
