"""Editing a part of what is known about somebody, as forms and commands do it: the rest is sent as it is."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from mfa_app.core.common.actor import Actor
from mfa_app.core.users import accounts
from mfa_app.models import User


def edit(user: User, *, actor: Actor, now: datetime, **changes: Any) -> None:
    """Change these fields of somebody's profile, and leave the others and the groups."""
    accounts.edit(user, replace(accounts.profile_of(user), **changes), actor=actor, now=now)
