"""Words for the audit trail: what each event is called, and its details as short lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from mfa_app.core.audit.events import Event
from mfa_app.core.common.actor import ActorKind
from mfa_app.core.helpdesk.risk import REPEATED_WITHIN
from mfa_app.core.sessions.sessions import CHALLENGE_TIMEOUT, IDLE_TIMEOUT
from mfa_app.models import Role
from mfa_app.models.row_facts import AnyEvent
from mfa_app.wording import dates
from mfa_app.wording.diagnosis import minutes_of
from mfa_app.wording.labels import factor_name, role_name
from mfa_app.wording.language import once_per_language

_MINUTE = timedelta(minutes=1)

_EVENTS = {
    Event.PASSWORD_ACCEPTED: _l("Password accepted"),
    Event.PASSWORD_REFUSED: _l("Password refused"),
    Event.PASSWORD_CLOSED: _l("Password locked (reset by email needed)"),
    Event.PASSWORD_CHANGED: _l("Password changed"),
    Event.PASSWORD_RESET_REQUESTED: _l("New password requested"),
    Event.CODE_ACCEPTED: _l("Code or passkey accepted"),
    Event.CODE_REFUSED: _l("Code or passkey refused"),
    Event.LOGIN_COMPLETED: _l("Logged in"),
    Event.LOGGED_OUT: _l("Logged out"),
    Event.SESSIONS_ENDED: _l("Sessions ended"),
    Event.LINKS_ENDED: _l("One-time links ended"),
    Event.DEVICE_TRUSTED: _l("Device remembered"),
    Event.DEVICES_FORGOTTEN: _l("Remembered devices removed"),
    Event.AUTHENTICATOR_LINKED: _l("App linked"),
    Event.AUTHENTICATOR_RENAMED: _l("App renamed"),
    Event.AUTHENTICATOR_REMOVED: _l("App removed"),
    Event.AUTHENTICATOR_KEPT: _l("2-factor authentication kept by choice"),
    Event.AUTHENTICATOR_STOPPED: _l("Locked after wrong codes"),
    Event.PASSKEY_ADDED: _l("Passkey added"),
    Event.PASSKEY_RENAMED: _l("Passkey renamed"),
    Event.PASSKEY_REMOVED: _l("Passkey removed"),
    Event.RECOVERY_CODES_MADE: _l("Recovery codes made"),
    Event.BREAK_GLASS_MADE: _l("Break-glass codes made"),
    Event.BREAK_GLASS_USED: _l("Break-glass code used"),
    Event.BREAK_GLASS_REFUSED: _l("Break-glass code refused"),
    Event.SECOND_FACTOR_REMOVED: _l("One app or passkey removed"),
    Event.SECOND_FACTOR_RESET: _l("2-factor authentication reset"),
    Event.RESET_REQUESTED: _l("Reset of 2-factor authentication asked for"),
    Event.RESET_REQUEST_STOPPED: _l("Request for a reset stopped by the person"),
    Event.APPROVAL_ASKED: _l("Second approval of a reset asked for"),
    Event.APPROVAL_REFUSED: _l("Reset refused by another helper"),
    Event.APPROVAL_STOPPED: _l("Reset stopped by the person, by email"),
    Event.REQUEST_NUMBER_GIVEN: _l("Number of a request read out and typed"),
    Event.REQUEST_NUMBER_REFUSED: _l("Number of a request refused"),
    Event.RESET_FOLLOWED: _l("Went on after a reset"),
    Event.ACCESS_PASS_MADE: _l("Access pass made"),
    Event.EMAIL_CODE_SENT: _l("Code sent by email after a reset"),
    Event.LINKING_PERMITTED: _l("Allowed to link after a reset"),
    Event.LINKING_REFUSED: _l("Not allowed to link after a reset"),
    Event.SETUP_LINK_MADE: _l("Set-up link for the first administrator created"),
    Event.USER_CREATED: _l("Account created"),
    Event.USER_INVITED: _l("Invitation sent"),
    Event.NEW_LINK_WANTED: _l("New invitation asked for"),
    Event.ENROLMENT_LINK_SENT: _l("Link for setting up an app or passkey sent"),
    Event.LINK_SHOWN: _l("One-time link shown, to be passed on"),
    Event.USER_REMINDED: _l("Reminded to link an app"),
    Event.USER_EDITED: _l("Account changed"),
    Event.USER_DISABLED: _l("Account disabled"),
    Event.USER_ENABLED: _l("Account enabled"),
    Event.HELP_LIMITED: _l("Scope of the help desk changed"),
    Event.ACCOUNT_LOCKED: _l("Account locked by its owner"),
    Event.ACCOUNT_OPENED: _l("Account opened again"),
    Event.REQUIREMENT_CHANGED: _l("Personal requirement changed"),
    Event.EXEMPTION_GIVEN: _l("Exemption given"),
    Event.EXEMPTION_ENDED: _l("Exemption ended"),
    Event.DEADLINE_SET: _l("Personal deadline set"),
    Event.DEADLINE_ENDED: _l("Personal deadline ended"),
    Event.MEMBER_ADDED: _l("Added to a group"),
    Event.MEMBER_REMOVED: _l("Removed from a group"),
    Event.GROUP_CREATED: _l("Group created"),
    Event.GROUP_RENAMED: _l("Group renamed"),
    Event.GROUP_DELETED: _l("Group deleted"),
    Event.GROUP_REMINDED: _l("Everyone reminded who must link an app"),
    Event.POLICY_CHANGED: _l("Policy changed"),
    Event.SITE_CHANGED: _l("Site changed"),
    Event.TEST_MAIL_SENT: _l("Test email sent"),
    Event.MAILS_TRIED_AGAIN: _l("Failed emails tried again"),
    Event.THROTTLE_CLEARED: _l("Allowed to try again"),
    Event.NETWORK_CLEARED: _l("Network allowed to try again"),
    Event.ACCESS_REFUSED: _l("Page refused (not allowed)"),
    Event.PEOPLE_IMPORTED: _l("People imported"),
    Event.PEOPLE_EXPORTED: _l("List of people downloaded"),
    Event.LIST_DOWNLOADED: _l("List of names downloaded"),
    Event.IMPORT_RESULT_EXPORTED: _l("Result of an import downloaded"),
    Event.TRAIL_EXPORTED: _l("Audit trail downloaded"),
    Event.KEYS_ROTATED: _l("Keys rotated"),
    Event.SIGNING_KEY_REPLACED: _l("Cookie signing key replaced"),
    Event.BACKUP_MADE: _l("Backup created"),
    Event.BACKUP_RESTORED: _l("Backup restored"),
}

_NAMES = {event.label: name for event, name in _EVENTS.items()}

# The menu of events.
GROUPS: dict[str, tuple[Event, ...]] = {
    _l("Logins"): (
        Event.LOGIN_COMPLETED,
        Event.LOGGED_OUT,
        Event.PASSWORD_ACCEPTED,
        Event.PASSWORD_REFUSED,
        Event.PASSWORD_CLOSED,
        Event.PASSWORD_CHANGED,
        Event.PASSWORD_RESET_REQUESTED,
        Event.CODE_ACCEPTED,
        Event.CODE_REFUSED,
        Event.SESSIONS_ENDED,
        Event.LINKS_ENDED,
        Event.DEVICE_TRUSTED,
        Event.DEVICES_FORGOTTEN,
        Event.ACCESS_REFUSED,
    ),
    _l("Apps and passkeys"): (
        Event.AUTHENTICATOR_LINKED,
        Event.AUTHENTICATOR_RENAMED,
        Event.AUTHENTICATOR_REMOVED,
        Event.AUTHENTICATOR_KEPT,
        Event.AUTHENTICATOR_STOPPED,
        Event.PASSKEY_ADDED,
        Event.PASSKEY_RENAMED,
        Event.PASSKEY_REMOVED,
        Event.RECOVERY_CODES_MADE,
        Event.BREAK_GLASS_MADE,
        Event.BREAK_GLASS_USED,
        Event.BREAK_GLASS_REFUSED,
    ),
    _l("Accounts"): (
        Event.USER_CREATED,
        Event.USER_EDITED,
        Event.USER_DISABLED,
        Event.USER_ENABLED,
        Event.ACCOUNT_LOCKED,
        Event.USER_INVITED,
        Event.NEW_LINK_WANTED,
        Event.ENROLMENT_LINK_SENT,
        Event.LINK_SHOWN,
        Event.USER_REMINDED,
        Event.PEOPLE_IMPORTED,
        Event.PEOPLE_EXPORTED,
        Event.IMPORT_RESULT_EXPORTED,
    ),
    _l("Groups and rules"): (
        Event.GROUP_CREATED,
        Event.GROUP_RENAMED,
        Event.GROUP_DELETED,
        Event.GROUP_REMINDED,
        Event.MEMBER_ADDED,
        Event.MEMBER_REMOVED,
        Event.POLICY_CHANGED,
        Event.REQUIREMENT_CHANGED,
        Event.EXEMPTION_GIVEN,
        Event.EXEMPTION_ENDED,
        Event.DEADLINE_SET,
        Event.DEADLINE_ENDED,
        Event.LIST_DOWNLOADED,
    ),
    _l("Help desk"): (
        Event.SECOND_FACTOR_RESET,
        Event.SECOND_FACTOR_REMOVED,
        Event.RESET_REQUESTED,
        Event.RESET_REQUEST_STOPPED,
        Event.REQUEST_NUMBER_GIVEN,
        Event.REQUEST_NUMBER_REFUSED,
        Event.RESET_FOLLOWED,
        Event.APPROVAL_ASKED,
        Event.APPROVAL_REFUSED,
        Event.APPROVAL_STOPPED,
        Event.ACCESS_PASS_MADE,
        Event.EMAIL_CODE_SENT,
        Event.LINKING_PERMITTED,
        Event.LINKING_REFUSED,
        Event.THROTTLE_CLEARED,
        Event.NETWORK_CLEARED,
        Event.ACCOUNT_OPENED,
        Event.HELP_LIMITED,
    ),
    _l("Site"): (
        Event.SITE_CHANGED,
        Event.TEST_MAIL_SENT,
        Event.MAILS_TRIED_AGAIN,
        Event.SETUP_LINK_MADE,
        Event.TRAIL_EXPORTED,
        Event.KEYS_ROTATED,
        Event.SIGNING_KEY_REPLACED,
        Event.BACKUP_MADE,
        Event.BACKUP_RESTORED,
    ),
}


_DETAILS = {
    "created": _l("Added"),
    "changed": _l("Changed"),
    "disabled": _l("Disabled"),
    "left_out": _l("Rows left out"),
    "invited": _l("To be invited"),
    "reason": _l("Reason"),
    "seen": _l("It looks like"),
    "failures": _l("Failed in a row"),
    "way": _l("Through"),
    "purpose": _l("Purpose"),
    "to": _l("Locked for"),
    "method": _l("Logged in with"),
    "count": _l("Number"),
    "because": _l("Reason"),
    "days": _l("Days"),
    "by_choice": _l("By choice"),
    "replaced": _l("Replaced another app"),
    "ended_a_set": _l("Ended an earlier set"),
    "minutes": _l("Valid for (minutes)"),
    "ended_one": _l("Ended an earlier one"),
    "proof": _l("Shown"),
    "factor": _l("Second factor"),
    "app": _l("App"),
    "passkey": _l("Passkey"),
    "left": _l("Left"),
    "was_linked": _l("There was an app or passkey"),
    "checked": _l("How the caller was checked"),
    "note": _l("In which way"),
    "risks": _l("Why it needs approval"),
    "asked_by": _l("Asked for by"),
    "approval": _l("Second approval"),
    "too_late": _l("After the reset"),
    "role": _l("Role"),
    "groups": _l("Groups"),
    "group": _l("Group"),
    "before": _l("Before"),
    "required": _l("Required"),
    "until": _l("Until"),
    "page": _l("Page"),
    "list": _l("List"),
    "rows": _l("Rows"),
    "network": _l("Network"),
    "key": _l("Key"),
    "secrets": _l("Secrets re-encrypted"),
    "file": _l("File"),
    "email": _l("Email address"),
    "name": _l("Name"),
    "last_day": _l("Last day"),
    "directory_number": _l("Directory number"),
    "helps": _l("Helps"),
    "required_from": _l("Start date"),
    "grace_days": _l("Grace period (days)"),
    "remember_days": _l("Devices remembered (days)"),
    "help_email": _l("Email address of the help desk"),
    "help_phone": _l("Telephone of the help desk"),
    "help_url": _l("Web page of the help desk"),
    "admin_email": _l("Email address of the administrator"),
    "applications": _l("Applications"),
    "reset_leads_to": _l("What a reset leads to"),
    "approve_resets": _l("Second approval for risky resets"),
    "office_hours": _l("Office hours of the help desk"),
    "smtp_url": _l("Mail server"),
    "smtp_password": _l("Password of the mail server"),
    "mail_from": _l("Sender of the emails"),
    "display_name": _l("Name on pages and in emails"),
    "time_zone": _l("Time zone"),
    "logo": _l("Logo"),
    "linking_text": _l("Own words on the page where people link an app"),
    "first_steps": _l("List of first steps"),
    "backups": _l("Backups"),
    "mail_text": _l("Own words in the emails"),
    "mail": _l("Email"),
    "passkey_only": _l("Passkey only"),
    "passkey_alone": _l("Passkey without a password"),
}


_CODES = {
    "unknown address": _l("unknown address"),
    "account disabled": _l("account disabled"),
    "account locked": _l("account locked by its owner"),
    "account ended": _l("last day of the account is over"),
    "wrong password": _l("wrong password"),
    "unknown browsers": _l("unknown browsers"),
    "known browser": _l("the person's own browser"),
    "wrong": _l("wrong code"),
    "used": _l("code already used"),
    "slow clock": _l("clock of the phone is slow"),
    "fast clock": _l("clock of the phone is fast"),
    "other settings": _l("app with other settings"),
    "former app": _l("app that no longer counts"),
    "unreadable": _l("answer that can't be read"),
    "wrong site": _l("passkey used at another address"),
    "challenge": _l("answer to another question than the site's"),
    "replayed": _l("answer of a passkey already used"),
    "not verified": _l("passkey without a check of the person"),
    "unknown passkey": _l("unknown passkey"),
    "of someone else": _l("passkey of another account"),
    "signature": _l("wrong signature of a passkey"),
    "counter": _l("counter of a passkey went back: there may be a copy"),
    "changed": _l("passkey changed since it was added"),
    "algorithm": _l("unknown kind of passkey"),
    "registered": _l("passkey already added"),
    "not alone": _l("passkey that can't log in alone"),
    "passkey": _l("password and passkey"),
    "passkey alone": _l("passkey alone"),
    "locked": _l("locked"),
    "login": _l("logging in"),
    "confirmation": _l("confirming it's the same person"),
    "code": _l("password and code"),
    "recovery code": _l("password and recovery code"),
    "password": _l("password alone"),
    "remembered device": _l("password on a remembered device"),
    "invitation": _l("password chosen with the invitation"),
    "linking": _l("linking"),
    "adding": _l("adding a passkey"),
    "password changed": _l("password changed"),
    "authenticator linked": _l("app linked"),
    "authenticator removed": _l("app removed"),
    "passkey added": _l("passkey added"),
    "passkey removed": _l("passkey removed"),
    "second factor reset": _l("2-factor authentication reset"),
    "break-glass code used": _l("break-glass code used"),
    "role changed": _l("role changed"),
    "address changed": _l("email address changed"),
    "logged out everywhere": _l("logged out everywhere"),
    "forgotten by hand": _l("removed by hand"),
    "no longer required": _l("no longer required"),
    "required": _l("required"),
    "asked by choice": _l("opted in"),
    "logged out by hand": _l("logged out by hand"),
    "logged in again": _l("someone logged in over it"),
    "no code in time": _l("no code within %(minutes)s minutes", minutes=CHALLENGE_TIMEOUT // _MINUTE),
    "idle": _l("not used for %(minutes)s minutes", minutes=IDLE_TIMEOUT // _MINUTE),
    "expired": _l("expired"),
    "replaced": _l("replaced by a newer one"),
    "account opened": _l("account opened again"),
    "mailed link": _l("emailed link"),
    "own page": _l("own account page"),
    "to link": _l("who must still link"),
    "affected by a rule": _l("whom a change of a rule affects"),
    "exempt": _l("who is exempt"),
    "terminal": _l("terminal"),
    "everyone": _l("everyone"),
    "called back": _l("called back on the directory number"),
    "in person": _l("in person: known, or with a badge"),
    "another way": _l("another way"),
    "no caller": _l("nobody called, done at the terminal"),
    "link": _l("linking after the password"),
    "access-pass": _l("access pass"),
    "email-code": _l("code by email"),
    "privileged": _l("administrator or help desk"),
    "repeated": _l("reset within the last %(days)s days", days=REPEATED_WITHIN.days),
    "after hours": _l("outside office hours"),
    "nobody else": _l("nobody else could approve it"),
    "put away": _l("hidden"),
    "made elsewhere": _l("made with other programs"),
    "set": _l("set"),
    "set anew": _l("a new password"),
}

_CODED = {
    *("way", "purpose", "method", "because", "to", "checked", "approval", "risks"),
    *("list", "helps", "first_steps", "backups", "proof", "reset_leads_to", "smtp_password"),
}

_UNSAID = {"seen", "note", "mail", "asked_by", "approval"}  # where there is none

# Where no group is named, these are about everyone.
_OF_EVERYONE = {event.label for event in (Event.POLICY_CHANGED, Event.GROUP_REMINDED, Event.LIST_DOWNLOADED)}

# The reasons of these are codes; elsewhere someone typed the reason.
_REFUSALS = {Event.PASSWORD_REFUSED.label, Event.CODE_REFUSED.label, Event.BREAK_GLASS_REFUSED.label}


@dataclass(frozen=True)
class EventLine:
    """A row of the trail in words; `about` is empty when people acted on their own account."""

    at: datetime
    name: str
    details: tuple[str, ...]
    by: str
    by_id: int | None
    about: str
    about_id: int | None
    ip_address: str


def event_name(label: str) -> str:
    """Return what an event is called, by the label under which it stands on the trail."""
    return str(_NAMES.get(label, label))


@once_per_language
def event_menu() -> Mapping[str, Mapping[str, str]]:
    """Return the names of all events by their labels, under the names of their groups."""
    return {
        str(group): {event.label: event_name(event.label) for event in events}
        for group, events in GROUPS.items()
    }


def event_line(row: AnyEvent) -> EventLine:
    """Return a row of the trail in words."""
    own = row.subject_id is not None and row.subject_id == row.actor_id
    return EventLine(
        at=row.at,
        name=event_name(row.event),
        details=tuple(details_in_words(row.event, row.details)),
        by=actor_name(row),
        by_id=row.actor_id,
        about="" if own else row.subject_name,
        about_id=None if own else row.subject_id,
        ip_address=row.ip_address,
    )


def why_refused(row: AnyEvent) -> str:
    """Return why a code was refused, and what was seen of it: "clock of the phone is slow, 4 minutes off"."""
    details = row.details
    known = [(key, details[key]) for key in ("reason", "seen") if details.get(key) is not None]
    return ", ".join(value_in_words(row.event, key, value) for key, value in known)


def details_in_words(label: str, details: dict[str, object]) -> Iterator[str]:
    """Yield the details of a row as short lines; of a change only what differs."""
    before, after = details.get("before"), details.get("after")
    states = isinstance(before, dict) and isinstance(after, dict)
    for key, value in details.items():
        if not (states and key in ("before", "after")) and not (key in _UNSAID and value is None):
            yield _("%(what)s: %(value)s", what=detail_name(key), value=value_in_words(label, key, value))
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                old, new = (value_in_words(label, key, state.get(key)) for state in (before, after))
                yield _("%(what)s: %(old)s → %(new)s", what=detail_name(key), old=old, new=new)


def detail_name(key: str) -> str:
    """Return what a detail of an event is called."""
    return str(_DETAILS.get(key, key))


def actor_name(row: AnyEvent) -> str:
    """Return who acted: an email address, or what it was instead."""
    if row.actor_kind == ActorKind.VISITOR:
        return _("Someone not logged in")
    if row.actor_kind == ActorKind.TERMINAL:
        return _("Terminal (%(name)s)", name=row.actor_name)
    if row.actor_kind == ActorKind.SITE:
        return _("The site itself")
    if row.actor_kind == ActorKind.SETUP:
        return _("Set-up link")
    return row.actor_name


def value_in_words(label: str, key: str, value: object) -> str:
    """Return the value of a detail of an event in words. Whatever it is, this raises nothing."""
    if value is None or value == []:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(_CODES.get(each, each) if key in _CODED else each) for each in value)
    if key == "seen" and isinstance(value, int):
        return ngettext("%(num)s minute off", "%(num)s minutes off", minutes_of(value))
    if key == "factor":
        return factor_name(str(value))
    if key in _CODED or (key == "reason" and label in _REFUSALS):
        return str(_CODES.get(str(value), value))
    return _text(label, key, str(value))


def _text(label: str, key: str, value: str) -> str:
    if key == "role" and value in set(Role):
        return role_name(value)
    if key in ("until", "required_from", "last_day"):
        return _day(key, value)
    if key == "group" and not value and label in _OF_EVERYONE:
        return _("everyone")
    return value


def _day(key: str, value: str) -> str:
    read = date.fromisoformat if key == "last_day" else datetime.fromisoformat
    try:
        return dates.short_day(read(value))
    except ValueError:  # older or newer versions may have written something else
        return value
