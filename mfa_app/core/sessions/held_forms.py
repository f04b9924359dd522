"""Forms that arrived without a recent code: kept for their session, shown again, never done by themselves."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from mfa_app.core.common.clock import is_fresh
from mfa_app.core.common.locks import lock_user
from mfa_app.core.keys.vault import vault
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.extensions import db
from mfa_app.models import HeldForm
from mfa_app.models.column_types import new_id

LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True)
class FormContent:
    """What a form sent: to which path and query, with which button, and its fields in order. No secrets."""

    path: str
    button: str
    fields: tuple[tuple[str, str], ...]


def hold(identity: Identity, content: FormContent, *, now: datetime) -> str:
    """Keep a form for this session for ten minutes, in place of an earlier one. Return its id.

    Raises SessionEnded if a concurrent request has ended the session.
    """
    row = HeldForm(id=new_id(), session_id=identity.session.id, user_id=identity.user.id)
    text = json.dumps([content.path, content.button, content.fields])
    sealed = vault().seal(text, row.seal_context)
    lock_user(identity.user)
    sessions.require(identity.session)
    db.session.execute(delete(HeldForm).where(HeldForm.session_id == row.session_id))
    values = {"id": row.id, "session_id": row.session_id, "user_id": row.user_id, "sealed_form": sealed}
    db.session.execute(insert(HeldForm).values(**values, expires_at=now + LIFETIME))
    return row.id


def find(identity: Identity, form_id: str, *, now: datetime) -> FormContent | None:
    """Return the form that this session holds under this id, or None if there is none or its time is over."""
    mine = HeldForm.id == form_id, HeldForm.session_id == identity.session.id
    row = db.session.scalar(select(HeldForm).where(*mine))
    if row is None or not is_fresh(row.expires_at - LIFETIME, LIFETIME, now=now):
        return None
    path, button, fields = json.loads(vault().unseal(row.sealed_form, row.seal_context))
    return FormContent(path, button, tuple((name, value) for name, value in fields))


def drop(identity: Identity, form_id: str) -> None:
    """Forget the form that this session holds under this id, if it does."""
    mine = HeldForm.id == form_id, HeldForm.session_id == identity.session.id
    db.session.execute(delete(HeldForm).where(*mine))
