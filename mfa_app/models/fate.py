"""What becomes of a table's rows. Every model declares it, and core derives its lists from that."""

import enum
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, cast

from mfa_app.extensions import Model


class OnRevocation(enum.StrEnum):
    """What becomes of a user's rows when the user's access is revoked."""

    KEEP = "keep"
    DELETE = "delete"  # by `user_id`
    DELETE_WITH_SESSION = "delete with the session"  # by the database, which deletes them with their session


class OnRestore(enum.StrEnum):
    """What becomes of the rows when a backup is restored: they may have been revoked or used since."""

    KEEP = "keep"
    DISCARD = "discard"
    DISCARD_PENDING = "discard the pending ones"  # those whose `expires` column is still empty


@dataclass(frozen=True)
class Sealed:
    """A column of sealed texts, and its seal context (AAD) as a format of `row`.

    The context ties each text to its row, so that its ciphertext is useless in any other row.
    """

    column: str
    context: str


@dataclass(frozen=True)
class Fate:
    """What becomes of a table's rows: on revocation, with time, and when a backup is restored.

    `expires` names the column of the time after which a row is deleted; `kept_for` adds to that time. Rows
    without a time there stay. `sealed` names the column that a key rotation re-encrypts.
    """

    on_revocation: OnRevocation = OnRevocation.KEEP
    expires: str | None = None
    kept_for: timedelta = timedelta(0)
    on_restore: OnRestore = OnRestore.KEEP
    sealed: Sealed | None = None


class Table(Model):
    """A table of this site: it declares what becomes of its rows."""

    __abstract__ = True

    fate: ClassVar[Fate]


class SealedRow:
    """A row with a sealed column."""

    fate: ClassVar[Fate]

    @property
    def seal_context(self) -> str:
        """The seal context (AAD) of this row's sealed text."""
        return cast(Sealed, self.fate.sealed).context.format(row=self)
