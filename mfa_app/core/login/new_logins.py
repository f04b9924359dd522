"""Telling users of a login that may not be theirs: in a new browser, or in one that is remembered now."""

from datetime import datetime

from mfa_app.core.common.actor import Actor
from mfa_app.core.mail import outbox
from mfa_app.models.row_facts import DeviceFacts, UserFacts


def tell_of_login(
    user: UserFacts,
    *,
    known: bool,
    device: DeviceFacts | None = None,
    passkey_alone: bool = False,
    actor: Actor,
    now: datetime,
) -> None:
    """Mail a user about a login that is complete, unless it is the first, or an ordinary one.

    `user` is as read before the login. `known`: the browser was known to be the user's. `device`: it has just
    been remembered. `passkey_alone`: no password was given.
    """
    if user.last_login_at is None or (known and device is None):
        return
    until = device.expires_at.isoformat() if device else None
    told = {"known": known, "remembered_until": until, "passkey_alone": passkey_alone}
    outbox.notify(outbox.Mail.NEW_LOGIN, user, actor=actor, now=now, **told)
