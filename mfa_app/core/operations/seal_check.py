"""Whether the data keys open what the database holds, and if not, whether a key or a text is wrong."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mfa_app.core.audit.chain import TRAIL_KEY
from mfa_app.core.keys.vault import CannotUnseal, vault
from mfa_app.models import Authenticator, SealedValue

SAMPLE = 20


@dataclass(frozen=True)
class Seals:
    """What was found: whether the keys fit, and the texts that don't open although their key opens others."""

    keys_fit: bool
    trail_key_changed: bool = False
    changed_for: tuple[int, ...] = ()  # the ids of the people whose authenticator it is


@dataclass(frozen=True)
class _Text:
    user_id: int | None  # None for the trail key
    sealed: str
    context: str

    @property
    def key(self) -> str:
        """The id of the key that it says it was sealed under, or "" if it does not say."""
        return self.sealed.partition(":")[2].partition(":")[0]

    @property
    def opens(self) -> bool:
        try:
            vault().unseal(self.sealed, self.context)
        except CannotUnseal:
            return False
        return True


def check(session: Session, sample: int | None = SAMPLE) -> Seals:
    """Try the keys on the trail key and so many authenticators, or on all of them.

    A text is held to be changed if others open under the key that it names, or if it names none.
    """
    texts = {sealed: sealed.opens for sealed in _texts(session, sample)}
    shut = [sealed for sealed, opens in texts.items() if not opens]
    good = {sealed.key for sealed, opens in texts.items() if opens} | {""}
    changed = [sealed for sealed in shut if sealed.key in good]
    return Seals(
        keys_fit=len(changed) == len(shut),
        trail_key_changed=any(sealed.user_id is None for sealed in changed),
        changed_for=tuple(sealed.user_id for sealed in changed if sealed.user_id is not None),
    )


def _texts(session: Session, sample: int | None) -> list[_Text]:
    trail_key = select(SealedValue.name, SealedValue.sealed).where(SealedValue.name == TRAIL_KEY)
    apps = select(Authenticator.id, Authenticator.user_id, Authenticator.sealed_secret)
    return [
        *(
            _Text(None, str(sealed), SealedValue(name=name).seal_context)
            for name, sealed in session.execute(trail_key)
        ),
        *(
            _Text(user_id, str(sealed), Authenticator(id=id_, user_id=user_id).seal_context)
            for id_, user_id, sealed in session.execute(apps.order_by(Authenticator.id).limit(sample))
        ),
    ]
