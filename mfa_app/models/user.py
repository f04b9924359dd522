"""Users and their roles."""

import enum
from datetime import date, datetime
from typing import ClassVar, Protocol

from flask_login import UserMixin
from sqlalchemy import Date, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.fate import Fate, Table
from mfa_app.models.partial_index import only_false, only_true, only_where


class Role(enum.StrEnum):
    """What a user may do on this site; see core/common/permissions."""

    STAFF = "staff"
    HELPDESK = "helpdesk"
    ADMIN = "admin"


# Behind both gates whatever the rules say, and with an app that they can't link with the password alone.
PRIVILEGED = frozenset({Role.HELPDESK, Role.ADMIN})


class Progress(enum.IntEnum):
    """How far someone has come who has no second factor yet. It begins again when one has been linked."""

    NOTHING = 0
    LOGGED_IN = 1  # at least once
    SAW_QR_CODE = 2  # or whatever the linking page showed


class LinkProof(enum.StrEnum):
    """What a user shows besides the password to link an app after a reset. See core/factors/link_proofs."""

    ACCESS_PASS = "access-pass"
    EMAIL_CODE = "email-code"


class _Account(Protocol):
    @property
    def role(self) -> Role: ...

    @property
    def disabled_at(self) -> datetime | None: ...

    @property
    def account_locked_at(self) -> datetime | None: ...

    @property
    def ends_at(self) -> datetime | None: ...


class _Judged(Protocol):
    @property
    def is_active(self) -> bool: ...

    def has_ended(self, now: datetime) -> bool: ...


class Standing(UserMixin):
    """What the row of a user says by itself, however it was read."""

    @property
    def is_active(self: _Account) -> bool:
        """Whether neither an administrator nor the owner has closed the account. Doors ask `is_open`."""
        return self.disabled_at is None and self.account_locked_at is None

    def has_ended(self: _Account, now: datetime) -> bool:
        """Return True if the last day of the account is over."""
        return self.ends_at is not None and self.ends_at <= now

    def is_open(self: _Judged, now: datetime) -> bool:
        """Return True if anyone can get in now: the account is active, and its last day is not over."""
        return self.is_active and not self.has_ended(now)

    @property
    def is_privileged(self: _Account) -> bool:
        return self.role in PRIVILEGED


class User(Standing, Table):
    """An account. `email_key` and `name_key` are for comparison; see core/common/email_addresses.

    `security_stamp` is raised to end access: raising it invalidates every session, device and link of
    the user. `email_refused_at` is set while the mail server refuses the address, and `email_refusal` is
    what it answers. `link_required`: the second factors were reset, so the next login
    leads to linking an app. `link_proof`: what that takes besides the password (None: nothing).
    `exempt_since` is when the exemption was given, if that is known.
    `link_by`: a date of the user's own by which to link, unless a rule's is later.
    `opted_in`: codes are asked for by the user's own choice, whatever the rules say.
    `factors_locked_at` is set after too many wrong codes in a row: no second factor is accepted any more.
    `account_locked_at` is set while the owner has locked the account: nobody gets in.
    `ends_at` is the first moment after the last day of an account: from then on nobody gets in.
    `help_limited`: as help desk, sees only the people of the groups in HelpdeskScope. It stays when the last
    of these groups is deleted, so that nobody sees more by that.
    `directory_number` is the telephone number in the company's directory, by which the help desk calls back.
    `access_ended_at`, `access_ended_because` and `access_ended_by` are set when a change has ended a session
    that was in use, until the next login is complete; see core/sessions/ended_access.
    `second_factor_on` is the day of the last login by a second factor or on a remembered device. A day and no
    time, so that it changes once a day at most.

    `passkey_handle` is what passkeys know their user by: random, and made with the first passkey.

    Triggers keep `linked` true while the user has an authenticator or a passkey, `has_passkey` while there is
    a passkey, and `cohort_id` as the memberships have it. They are for lists and counts; decisions read the
    rows themselves. `progress` is one of `Progress`.
    """

    __tablename__ = "user_account"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (
        Index("ix_user_account_linked_email_key", "linked", "email_key"),
        Index("ix_user_account_linked_created_at", "linked", "created_at"),
        Index(
            "ix_user_account_to_link",
            "progress",
            "id",
            **only_false("linked", "disabled_at IS NULL"),
        ),
        # These two have all columns that the bar of a roll-out asks for, so that it reads nobody's row.
        Index(
            "ix_user_account_begun",
            *("linked", "progress", "cohort_id", "disabled_at"),
            **only_false("linked", "disabled_at IS NULL"),
        ),
        Index(
            "ix_user_account_cohort_id_used",
            *("cohort_id", "second_factor_on", "linked", "disabled_at"),
            **only_where("second_factor_on IS NOT NULL"),
        ),
        Index("ix_user_account_role_email_key", "role", "email_key"),
        Index("ix_user_account_has_passkey_email_key", "has_passkey", "email_key"),
        Index("ix_user_account_cohort_id_factors", "cohort_id", "linked", "has_passkey"),
        Index("ix_user_account_name_key_id", "name_key", "id"),
        Index("ix_user_account_created_at_id", "created_at", "id"),
        Index("ix_user_account_required", "id", **only_true("required")),
        Index("ix_user_account_link_required", "id", **only_true("link_required")),
        Index("ix_user_account_opted_in", "id", **only_true("opted_in")),
        Index("ix_user_account_invited", "email_key", **only_where("password_hash IS NULL")),
        Index("ix_user_account_disabled", "email_key", **only_where("disabled_at IS NOT NULL")),
        Index("ix_user_account_locked", "email_key", **only_where("account_locked_at IS NOT NULL")),
        Index("ix_user_account_ends_at", "ends_at", "id", **only_where("ends_at IS NOT NULL")),
        Index("ix_user_account_exempt", "email_key", **only_where("exempt_until IS NOT NULL")),
        Index("ix_user_account_exempt_until", "exempt_until", "id", **only_where("exempt_until IS NOT NULL")),
        Index("ix_user_account_link_by", "link_by", **only_where("link_by IS NOT NULL")),
        Index(
            "ix_user_account_factors_locked_at",
            "factors_locked_at",
            **only_where("factors_locked_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(300))
    name_key: Mapped[str] = mapped_column(String(600))
    role: Mapped[Role] = mapped_column(String(20), default=Role.STAFF)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    security_stamp: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    second_factor_on: Mapped[date | None] = mapped_column(Date)

    email_refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    email_refusal: Mapped[str | None] = mapped_column(String(300))

    required: Mapped[bool] = mapped_column(default=False)
    exempt_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    exempt_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    exempt_reason: Mapped[str | None] = mapped_column(Text)
    exempt_by: Mapped[str | None] = mapped_column(String(320))
    link_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    link_required: Mapped[bool] = mapped_column(default=False, server_default=false())
    link_proof: Mapped[LinkProof | None] = mapped_column(String(20))
    opted_in: Mapped[bool] = mapped_column(default=False, server_default=false())
    factors_locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    account_locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    directory_number: Mapped[str | None] = mapped_column(String(40))
    help_limited: Mapped[bool] = mapped_column(default=False, server_default=false())

    access_ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    access_ended_because: Mapped[str | None] = mapped_column(String(40))
    access_ended_by: Mapped[str | None] = mapped_column(String(20))

    passkey_handle: Mapped[str | None] = mapped_column(String(43), unique=True, index=True)

    linked: Mapped[bool] = mapped_column(default=False, server_default=false())
    has_passkey: Mapped[bool] = mapped_column(default=False, server_default=false())
    cohort_id: Mapped[int | None] = mapped_column()
    progress: Mapped[int] = mapped_column(default=0, server_default=text("0"))
