"""Every table declares what becomes of its rows; revocation, housekeeping, restore and rotation obey it."""

from datetime import timedelta

import pytest

from mfa_app.core.common import schema
from mfa_app.core.operations import backup, housekeeping, key_rotation
from mfa_app.core.sessions import revocation
from mfa_app.extensions import db
from mfa_app.models import (
    TABLES,
    Authenticator,
    AuthSession,
    BreakGlassCode,
    FormerApp,
    HeldForm,
    HelpRequest,
    Invitation,
    Lease,
    LinkSecret,
    MailPass,
    Notice,
    OneTimeLink,
    OutboxMail,
    PendingEnrolment,
    PeopleImport,
    RecoveryCode,
    RememberedDevice,
    ReminderRun,
    ResetApproval,
    ResetRequest,
    RolloutDay,
    SealedValue,
    Throttle,
    UsedChallenge,
)
from mfa_app.models.fate import Fate, OnRestore, OnRevocation, SealedRow

HEAD = ("TABLE", "ON REVOCATION", "EXPIRES", "ON RESTORE", "SEALED")

FATES = """
TABLE              ON REVOCATION            EXPIRES             ON RESTORE               SEALED
audit_event        keep                     never               keep                     -
auth_session       delete                   expires_at          discard                  -
authenticator      keep                     never               keep                     sealed_secret for totp|{row.id}|{row.user_id}
break_glass_code   keep                     never               discard                  -
cohort             keep                     never               keep                     -
cohort_count       keep                     never               keep                     -
cohort_group       keep                     never               keep                     -
former_app         keep                     ended_at + 90 days  discard                  sealed_secret for former|{row.id}|{row.user_id}
group_count        keep                     never               keep                     -
held_form          delete with the session  expires_at          discard                  sealed_form for form|{row.id}|{row.user_id}
help_request       delete                   expires_at          discard                  -
helpdesk_scope     keep                     never               keep                     -
import_row         keep                     never               keep                     -
invitation         keep                     used_at + 30 days   keep                     -
lease              keep                     never               discard                  -
link_secret        delete                   expires_at          discard                  -
mail_pass          keep                     begun_at + 365 days keep                     -
membership         keep                     never               keep                     -
notice             keep                     sent_at + 365 days  keep                     -
one_time_link      delete                   expires_at          discard                  -
outbox_mail        keep                     sent_at + 30 days   discard the pending ones sealed_context for mail|{row.id}
passkey            keep                     never               keep                     -
pending_enrolment  delete with the session  expires_at          discard                  sealed_secret for pending|{row.id}|{row.session_id}
people_import      keep                     created_at + 30 daysdiscard                  -
recovery_code      keep                     never               discard                  -
remembered_device  delete                   expires_at          discard                  -
reminder_run       keep                     created_at + 1 days discard                  -
reset_approval     delete                   expires_at          discard                  -
reset_request      keep                     created_at + 1 days discard                  sealed_request for reset request|{row.id}
rollout_day        keep                     taken_at + 371 days keep                     -
schema_support     keep                     never               keep                     -
sealed_value       keep                     never               keep                     sealed for installation|{row.name}
search_word        keep                     never               keep                     -
site_logo          keep                     never               keep                     -
site_policy        keep                     never               keep                     -
site_setting       keep                     never               keep                     -
throttle           keep                     forget_at           keep                     -
trail_head         keep                     never               keep                     -
used_challenge     keep                     expires_at          keep                     -
user_account       keep                     never               keep                     -
user_group         keep                     never               keep                     -
"""  # noqa: E501 - a table with one line for each table


def mapped() -> set[type[db.Model]]:
    """Return the classes of all tables."""
    return {mapper.class_ for mapper in db.Model.registry.mappers}


def described(model: type[db.Model]) -> tuple[str, ...]:
    """Return the line of the table of fates that a table declares."""
    fate = model.fate
    kept = f" + {fate.kept_for.days} days" if fate.kept_for else ""
    expires = f"{fate.expires}{kept}" if fate.expires else "never"
    sealed = f"{fate.sealed.column} for {fate.sealed.context}" if fate.sealed else "-"
    return model.__tablename__, fate.on_revocation, expires, fate.on_restore, sealed


def test_every_table_is_listed_once() -> None:
    assert set(TABLES) == mapped(), "Add the table to TABLES in models/__init__.py."
    assert len(TABLES) == len(mapped())


def test_every_table_declares_its_own_fate() -> None:
    silent = [model.__name__ for model in mapped() if not isinstance(vars(model).get("fate"), Fate)]
    assert not silent, f"Give each a `fate`, see models/fate.py: {silent}"


def test_the_fates_in_one_table() -> None:
    lines = [HEAD, *sorted(map(described, TABLES))]
    printed = [f"{a:<19}{b:<25}{c:<20}{d:<25}{e}" for a, b, c, d, e in lines]
    print("\n".join(printed))
    assert printed == FATES.strip().splitlines()


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.__tablename__)
def test_a_fate_names_columns_that_the_table_has(model: type[db.Model]) -> None:
    fate, columns = model.fate, model.__table__.columns
    named = [fate.expires, fate.sealed and fate.sealed.column]
    assert {name for name in named if name} <= set(columns.keys())
    assert fate.on_revocation is not OnRevocation.DELETE or "user_id" in columns
    assert fate.expires or not (fate.kept_for or fate.on_restore is OnRestore.DISCARD_PENDING)
    assert issubclass(model, SealedRow) == (fate.sealed is not None)


def test_what_ends_with_the_session_is_deleted_by_the_database() -> None:
    for model in TABLES:
        parents = {key.column.table.name for key in model.__table__.foreign_keys if key.ondelete == "CASCADE"}
        assert (AuthSession.__tablename__ in parents) == (
            model.fate.on_revocation is OnRevocation.DELETE_WITH_SESSION
        )


def test_the_derived_lists() -> None:
    assert (
        AuthSession,
        RememberedDevice,
        OneTimeLink,
        HelpRequest,
        LinkSecret,
        ResetApproval,
    ) == revocation.ENDED
    assert (
        AuthSession,
        RememberedDevice,
        OneTimeLink,
        HelpRequest,
        LinkSecret,
        ResetApproval,
        Invitation,
        PendingEnrolment,
        FormerApp,
        UsedChallenge,
        HeldForm,
        Throttle,
        OutboxMail,
        Notice,
        ResetRequest,
        ReminderRun,
        MailPass,
        PeopleImport,
        RolloutDay,
    ) == housekeeping.EXPIRING
    assert (
        AuthSession,
        RememberedDevice,
        OneTimeLink,
        HelpRequest,
        LinkSecret,
        ResetApproval,
        PendingEnrolment,
        FormerApp,
        RecoveryCode,
        BreakGlassCode,
        HeldForm,
        OutboxMail,
        ResetRequest,
        ReminderRun,
        PeopleImport,
        Lease,
    ) == backup.DISCARDED
    assert [(sealed.key, sealed.column) for sealed in key_rotation.SEALED_COLUMNS] == [
        (SealedValue.name, SealedValue.sealed),
        (Authenticator.id, Authenticator.sealed_secret),
        (PendingEnrolment.id, PendingEnrolment.sealed_secret),
        (FormerApp.id, FormerApp.sealed_secret),
        (HeldForm.id, HeldForm.sealed_form),
        (OutboxMail.id, OutboxMail.sealed_context),
        (ResetRequest.id, ResetRequest.sealed_request),
    ]
    assert (SealedValue, Authenticator) == schema.LASTING_SECRETS


def test_sent_mails_are_kept_for_30_days() -> None:
    assert OutboxMail.fate.kept_for == timedelta(days=30)


def test_a_seal_context_ties_a_text_to_its_row() -> None:
    rows = {
        Authenticator(id="a1", user_id=7): "totp|a1|7",
        PendingEnrolment(id="p1", session_id="s1"): "pending|p1|s1",
        FormerApp(id="f1", user_id=7): "former|f1|7",
        HeldForm(id="h1", user_id=7): "form|h1|7",
        OutboxMail(id="m1"): "mail|m1",
        ResetRequest(id="r1"): "reset request|r1",
        SealedValue(name="trail key"): "installation|trail key",
    }
    assert {row: row.seal_context for row in rows} == rows
    assert {type(row) for row in rows} == {model for model in TABLES if model.fate.sealed}
