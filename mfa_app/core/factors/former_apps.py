"""Apps that no longer count: their secrets stay sealed for 90 days, to recognise the codes of old entries."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Select, delete, select

from mfa_app.core.factors import totp
from mfa_app.core.keys.vault import CannotUnseal, vault
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Ending, FormerApp, PendingEnrolment
from mfa_app.models.column_types import new_id
from mfa_app.models.row_facts import AuthenticatorFacts
from mfa_app.settings import Settings
from mfa_app.site import site

MOST_KEPT = 5  # of one user; the newest


def keep(
    user_id: int, apps: Iterable[Authenticator | AuthenticatorFacts], ending: Ending, *, now: datetime
) -> None:
    """Keep the secrets of apps that are about to be deleted. One that no key opens is not kept."""
    for app in apps:
        _keep(user_id, app, app.name, app.issuer, app.enrolled_at, ending, now)
    _drop_oldest(user_id)


def keep_pending(user_id: int, shown: Iterable[PendingEnrolment], *, now: datetime) -> None:
    """Keep secrets that were shown as QR codes, and have been replaced before an app proved them."""
    issuer = totp.label_of(site()[Settings].issuer)
    for pending in shown:
        _keep(user_id, pending, None, issuer, now, Ending.STARTED_OVER, now)
    _drop_oldest(user_id)


def of_user(user_id: int, *, now: datetime) -> list[FormerApp]:
    """Return the apps that are kept of a user, the newest first."""
    young = FormerApp.ended_at > now - FormerApp.fate.kept_for
    return list(db.session.scalars(_newest_first(user_id).where(young)))


def _newest_first(user_id: int) -> Select[FormerApp]:
    newest_first = FormerApp.ended_at.desc(), FormerApp.since.desc(), FormerApp.id
    return select(FormerApp).where(FormerApp.user_id == user_id).order_by(*newest_first)


def _drop_oldest(user_id: int) -> None:
    kept = _newest_first(user_id).with_only_columns(FormerApp.id).limit(MOST_KEPT)
    others = FormerApp.user_id == user_id, FormerApp.id.not_in(kept)
    db.session.execute(delete(FormerApp).where(*others).execution_options(synchronize_session=False))


def _keep(
    user_id: int,
    row: Authenticator | AuthenticatorFacts | PendingEnrolment,
    name: str | None,
    issuer: str | None,
    since: datetime,
    ending: Ending,
    now: datetime,
) -> None:
    try:
        secret = vault().unseal(row.sealed_secret, row.seal_context)
    except CannotUnseal:
        return
    former = FormerApp(id=new_id(), user_id=user_id, name=name, issuer=issuer, since=since)
    former.ended_at, former.ending = now, ending
    former.sealed_secret = vault().seal(secret, former.seal_context)
    db.session.add(former)
    db.session.flush()
