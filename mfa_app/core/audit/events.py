"""The audit trail: who acts, which events exist, and the one function that records them."""

import enum
from datetime import datetime
from typing import Any

from mfa_app.core.audit import chain
from mfa_app.core.common import clock
from mfa_app.core.common.actor import Actor
from mfa_app.models.row_facts import AnyUser, EventFacts


class AnsweredFor(enum.StrEnum):
    """What an answer of a second factor is given for, as it stands on the trail."""

    LOGIN = "login"
    CONFIRMATION = "confirmation"
    LINKING = "linking"
    ADDING_PASSKEY = "adding"


class EndReason(enum.StrEnum):
    """Why some sessions, remembered devices or links have ended, as it stands on the trail.

    What revokes all access of a user has a `RevocationReason` instead.
    """

    EXPIRED = "expired"
    IDLE = "idle"
    REPLACED = "replaced"
    LOGGED_OUT = "logged out by hand"
    LOGGED_IN_AGAIN = "logged in again"
    NO_CODE_IN_TIME = "no code in time"
    FORGOTTEN = "forgotten by hand"
    OPTED_IN = "asked by choice"
    REQUIRED = "required"
    NO_LONGER_REQUIRED = "no longer required"
    ACCOUNT_OPENED = "account opened"
    ADDRESS_CHANGED = "address changed"


ENROLLING = frozenset({AnsweredFor.LINKING, AnsweredFor.ADDING_PASSKEY})


class Event(enum.Enum):
    """All events of the trail, each with exactly the details that its row must have."""

    PASSWORD_ACCEPTED = "password.accepted", ()
    PASSWORD_REFUSED = "password.refused", ("reason", "failures")
    PASSWORD_CLOSED = "password.closed", ("to", "failures")
    PASSWORD_CHANGED = "password.changed", ("way",)
    PASSWORD_RESET_REQUESTED = "password.reset_requested", ()
    CODE_ACCEPTED = "code.accepted", ("purpose", "factor")
    CODE_REFUSED = "code.refused", ("purpose", "reason", "seen", "failures")
    LOGIN_COMPLETED = "login.completed", ("method",)
    LOGGED_OUT = "login.ended", ()
    SESSIONS_ENDED = "sessions.ended", ("count", "because")
    LINKS_ENDED = "links.ended", ("count", "because")
    DEVICE_TRUSTED = "device.trusted", ("days",)
    DEVICES_FORGOTTEN = "devices.forgotten", ("count", "because")
    AUTHENTICATOR_LINKED = "authenticator.linked", ("by_choice", "replaced", "app")
    AUTHENTICATOR_RENAMED = "authenticator.renamed", ("app", "before")
    AUTHENTICATOR_REMOVED = "authenticator.removed", ("app",)
    AUTHENTICATOR_KEPT = "authenticator.kept_by_choice", ()
    AUTHENTICATOR_STOPPED = "authenticator.stopped", ("failures",)
    PASSKEY_ADDED = "passkey.added", ("by_choice", "passkey")
    PASSKEY_RENAMED = "passkey.renamed", ("passkey", "before")
    PASSKEY_REMOVED = "passkey.removed", ("passkey",)
    RECOVERY_CODES_MADE = "recovery_codes.made", ("ended_a_set",)
    BREAK_GLASS_MADE = "break_glass.made", ("ended_a_set",)
    BREAK_GLASS_USED = "break_glass.used", ("was_linked", "left")
    BREAK_GLASS_REFUSED = "break_glass.refused", ("reason", "failures")
    SECOND_FACTOR_REMOVED = "second_factor.removed", ("factor", "name", "reason", "checked", "note")
    SECOND_FACTOR_RESET = (
        "second_factor.reset",
        ("reason", "was_linked", "checked", "note", "asked_by", "approval"),
    )
    RESET_REQUESTED = "reset.requested", ("reason",)
    RESET_REQUEST_STOPPED = "reset.request_stopped", ()
    APPROVAL_ASKED = "reset.approval_asked", ("reason", "checked", "note", "risks")
    APPROVAL_REFUSED = "reset.approval_refused", ("reason", "asked_by")
    APPROVAL_STOPPED = "reset.approval_stopped", ("too_late",)
    REQUEST_NUMBER_GIVEN = "reset.number_given", ()
    REQUEST_NUMBER_REFUSED = "reset.number_refused", ("failures",)
    RESET_FOLLOWED = "reset.followed", ()
    ACCESS_PASS_MADE = "access_pass.made", ("minutes", "ended_one", "checked", "note")
    EMAIL_CODE_SENT = "email_code.sent", ()
    LINKING_PERMITTED = "linking.permitted", ("proof",)
    LINKING_REFUSED = "linking.refused", ("proof", "failures")
    SETUP_LINK_MADE = "setup.link_made", ()
    USER_CREATED = "person.created", ("role", "groups")
    USER_INVITED = "person.invited", ()
    NEW_LINK_WANTED = "person.new_link_wanted", ()
    ENROLMENT_LINK_SENT = "person.enrolment_link_sent", ()
    LINK_SHOWN = "person.link_shown", ()
    USER_REMINDED = "person.reminded", ()
    USER_EDITED = "person.edited", ("before", "after")
    USER_DISABLED = "person.disabled", ()
    USER_ENABLED = "person.enabled", ()
    HELP_LIMITED = "person.help_limited", ("before", "after")
    ACCOUNT_LOCKED = "person.locked", ("way",)
    ACCOUNT_OPENED = "person.opened", ("reason", "checked", "note")
    REQUIREMENT_CHANGED = "person.requirement_changed", ("required",)
    EXEMPTION_GIVEN = "person.exempted", ("until", "reason")
    EXEMPTION_ENDED = "person.exemption_ended", ()
    DEADLINE_SET = "person.deadline_set", ("until",)
    DEADLINE_ENDED = "person.deadline_ended", ()
    MEMBER_ADDED = "group.member_added", ("group",)
    MEMBER_REMOVED = "group.member_removed", ("group",)
    GROUP_CREATED = "group.created", ("group",)
    GROUP_RENAMED = "group.renamed", ("group", "before")
    GROUP_DELETED = "group.deleted", ("group",)
    GROUP_REMINDED = "group.reminded", ("group",)
    POLICY_CHANGED = "policy.changed", ("group", "before", "after")
    SITE_CHANGED = "site.changed", ("before", "after")
    TEST_MAIL_SENT = "site.test_mail_sent", ()
    MAILS_TRIED_AGAIN = "mails.tried_again", ("count", "mail")
    THROTTLE_CLEARED = "throttle.cleared", ()
    NETWORK_CLEARED = "throttle.network_cleared", ("network",)
    ACCESS_REFUSED = "access.refused", ("page",)
    PEOPLE_IMPORTED = "people.imported", ("created", "changed", "disabled", "left_out", "invited")
    PEOPLE_EXPORTED = "people.exported", ("rows",)
    LIST_DOWNLOADED = "list.downloaded", ("list", "group")
    IMPORT_RESULT_EXPORTED = "people.import_result_exported", ("file",)
    TRAIL_EXPORTED = "trail.exported", ("rows",)
    KEYS_ROTATED = "keys.rotated", ("key", "secrets")
    SIGNING_KEY_REPLACED = "keys.signing_replaced", ()
    BACKUP_MADE = "backup.made", ("file",)
    BACKUP_RESTORED = "backup.restored", ("file",)

    def __init__(self, label: str, details: tuple[str, ...]) -> None:
        self.label = label
        self.details = frozenset(details)


def record(event: Event, *, actor: Actor, subject: AnyUser | None = None, **details: Any) -> None:
    """Add one row in the same transaction as the change that it records: without the row, no change.

    Raises ValueError unless the details are exactly those of the event.
    """
    about = (subject.id, subject.email) if subject else (None, "")
    chain.append(row_of(event, *about, actor=actor, at=clock.now(), details=details))


def row_of(
    event: Event,
    subject_id: int | None,
    subject_name: str,
    *,
    actor: Actor,
    at: datetime,
    details: dict[str, Any],
) -> EventFacts:
    """Return the row of an event, which is on no trail yet. Raises ValueError as `record` does."""
    if set(details) != event.details:
        raise ValueError(f"{event.label} needs the details {sorted(event.details)}, got {sorted(details)}")
    return EventFacts(
        at=at,
        event=event.label,
        actor_kind=str(actor.kind),
        actor_id=actor.user_id,
        actor_name=actor.name,
        subject_id=subject_id,
        subject_name=subject_name,
        ip_address=actor.ip_address,
        user_agent=actor.user_agent,
        details=details,
    )
