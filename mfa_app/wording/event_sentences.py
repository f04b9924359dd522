"""One plain sentence for each event of the trail: who did what to whom, and why."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from mfa_app.core.audit.events import Event
from mfa_app.core.audit.happenings import Happening, Person
from mfa_app.core.common.actor import ActorKind
from mfa_app.core.helpdesk.caller_check import Way
from mfa_app.core.helpdesk.reset import NOBODY_ELSE
from mfa_app.models import PRIVILEGED, Role
from mfa_app.wording.events import detail_name, event_name, value_in_words, why_refused
from mfa_app.wording.user_agents import known_browser

_GAP = re.compile(r"%\((\w+)\)s")

LONGEST_VALUE = 60  # of a change: longer ones are among the details

_ROLES = {Role.ADMIN: _l("administrator"), Role.HELPDESK: _l("help desk")}

_OTHERS = {
    ActorKind.VISITOR: _l("Someone"),
    ActorKind.TERMINAL: _l("The terminal (%(name)s)"),
    ActorKind.SETUP: _l("Someone with the set-up link"),
    ActorKind.SITE: _l("The site"),
}


@dataclass(frozen=True)
class _Own:
    """One sentence for what people do to their own accounts, one for what others do, and one about nobody."""

    own: "str | _Plural"
    other: "str | _Plural"
    about_nobody: "str | _Plural | None" = None


@dataclass(frozen=True)
class _Plural:
    """A sentence with a number, which is a detail. `make messages` finds both texts in it."""

    key: str
    one: str
    many: str


_Simple = str | _Plural | _Own


@dataclass(frozen=True)
class _By:
    """A sentence for each value of a detail."""

    key: str
    sentences: "Mapping[object, _Simple | _By]"
    otherwise: "_Simple | _By"


@dataclass(frozen=True)
class _Failure:
    """A sentence about a failure. How many there were in a row is added."""

    sentence: str | _Own | _By


class _Words(dict[str, str]):
    """What fills the gaps of a sentence: actor, subject, browser, and the details of the row by name."""

    def __init__(self, happening: Happening) -> None:
        self.happening = happening

    def __missing__(self, key: str) -> str:
        special = _GAPS.get(key)
        if special is not None:
            return special(self.happening)
        row = self.happening.row
        return value_in_words(row.event, key, row.details.get(key))

    def number(self, key: str) -> int:
        """Return a detail that is a number; 0 if the row has none."""
        value = self.happening.row.details.get(key)
        return value if isinstance(value, int) else 0


_Sentence = _Simple | _By | _Failure


def sentence(happening: Happening) -> str:
    """Return what happened: "Carol Jansen (administrator) added Anna de Wit to Finance".

    Any row gets a sentence, whatever its details are.
    """
    words = _Words(happening)
    entry = _BY_LABEL.get(happening.row.event)
    if entry is None:
        name = event_name(happening.row.event)
        return _("%(actor)s: %(event)s", actor=words["actor"], event=name)
    return _filled(entry, words)


def _filled(entry: _Sentence, words: _Words) -> str:
    if isinstance(entry, _Failure):
        text, failures = _filled(entry.sentence, words), words.number("failures")
        return text if failures < 2 else _("%(sentence)s (%(num)s in a row)", sentence=text, num=failures)
    if isinstance(entry, _By):
        value = words.happening.row.details.get(entry.key)
        known = isinstance(value, str | bool | None)  # others can't be keys
        return _filled(entry.sentences.get(value, entry.otherwise) if known else entry.otherwise, words)
    if isinstance(entry, _Own):
        if entry.about_nobody is not None and not words.happening.row.subject_name:
            return _filled(entry.about_nobody, words)
        return _filled(entry.own if words.happening.is_own else entry.other, words)
    if isinstance(entry, _Plural):
        gaps = {name: words[name] for name in _GAP.findall(entry.one + entry.many) if name != "num"}
        return ngettext(entry.one, entry.many, words.number(entry.key), **gaps)
    return str(entry) % words


def _actor(happening: Happening) -> str:
    row, person = happening.row, happening.actor
    other = _OTHERS.get(ActorKind(row.actor_kind)) if row.actor_kind in set(ActorKind) else None
    if other is not None:
        return str(other) % {"name": row.actor_name}
    name = _name(person, row.actor_name)
    if person is None or happening.is_own or person.role not in PRIVILEGED:
        return name
    return _("%(name)s (%(role)s)", name=name, role=_ROLES[person.role])


def _subject(happening: Happening) -> str:
    return _name(happening.subject, happening.row.subject_name)


def _name(person: Person | None, on_trail: str) -> str:
    """Return what someone is called: as the trail has it if there is no account any more."""
    if person is None:
        return on_trail or _("an unknown person")
    return person.name or person.email


def _browser(happening: Happening) -> str:
    return known_browser(happening.row.user_agent) or _("an unknown browser")


def _named(key: str, named: str, nameless: str) -> Callable[[Happening], str]:
    """Return the words for an app or a passkey that may have a name."""

    def words(happening: Happening) -> str:
        name = happening.row.details.get(key)
        return str(named) % {"name": name} if name else str(nameless)

    return words


def _quoted(*keys: str) -> Callable[[Happening], str]:
    """Return the words for the name that stands under one of these keys."""

    def words(happening: Happening) -> str:
        names = (happening.row.details.get(key) for key in keys)
        return _("“%(name)s”", name=next(filter(None, names), ""))

    return words


def _one_factor(happening: Happening) -> str:
    row = happening.row
    kind, name = value_in_words(row.event, "factor", row.details.get("factor")), row.details.get("name")
    return _("the %(kind)s “%(name)s”", kind=kind, name=name) if name else _("the %(kind)s", kind=kind)


def _check(happening: Happening) -> str:
    row = happening.row
    way, note = value_in_words(row.event, "checked", row.details.get("checked")), row.details.get("note")
    return _("%(way)s: %(note)s", way=way, note=note) if note else way


def _group(happening: Happening) -> str:
    name = happening.row.details.get("group")
    return str(name) if name else _("everyone")


def _why(happening: Happening) -> str:
    return why_refused(happening.row)


def _changes(happening: Happening) -> str:
    """Return what differs after a change, and how unless that is long."""
    row = happening.row
    before, after = row.details.get("before"), row.details.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return _("unknown")
    changes = []
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            old, new = (value_in_words(row.event, key, state.get(key)) for state in (before, after))
            values = _("%(what)s: %(old)s → %(new)s", what=detail_name(key), old=old, new=new)
            changes.append(values if len(old + new) <= LONGEST_VALUE else detail_name(key))
    return ", ".join(changes)


_GAPS: dict[str, Callable[[Happening], str]] = {
    "actor": _actor,
    "subject": _subject,
    "browser": _browser,
    "group": _group,
    "why": _why,
    "changes": _changes,
    "app": _named("app", _l("the app “%(name)s”"), _l("an app")),
    "passkey": _named("passkey", _l("the passkey “%(name)s”"), _l("a passkey")),
    "old": _quoted("before"),
    "new": _quoted("app", "passkey"),
    "one_factor": _one_factor,
    "checked": _check,
}


def _checked(plain: str, checked: str) -> _By:
    """Return a sentence that says how the caller was checked, if there was one and the row is new enough."""
    return _By("checked", {None: plain, Way.NO_CALLER.value: plain}, checked)


_RESET = _checked(
    _l("%(actor)s reset the 2-factor authentication of %(subject)s: %(reason)s"),
    _l("%(actor)s reset the 2-factor authentication of %(subject)s: %(reason)s (%(checked)s)"),
)

_ALONE: Mapping[object, _By] = {
    NOBODY_ELSE: _checked(
        _l(
            "%(actor)s reset the 2-factor authentication of %(subject)s, and nobody else could approve it: "
            "%(reason)s"
        ),
        _l(
            "%(actor)s reset the 2-factor authentication of %(subject)s, and nobody else could approve it: "
            "%(reason)s (%(checked)s)"
        ),
    )
}

_APPROVED = _checked(
    _l("%(actor)s approved the reset of %(subject)s that %(asked_by)s had asked for: %(reason)s"),
    _l(
        "%(actor)s approved the reset of %(subject)s that %(asked_by)s had asked for: %(reason)s "
        "(%(checked)s)"
    ),
)

SENTENCES: dict[Event, _Sentence] = {
    Event.PASSWORD_ACCEPTED: _l("%(actor)s gave the right password"),
    Event.PASSWORD_REFUSED: _Failure(
        _By(
            "reason",
            {
                "wrong password": _Own(
                    _l("%(actor)s gave a wrong password"),
                    _l("%(actor)s gave a wrong password for %(subject)s"),
                ),
                "unknown address": _l("%(actor)s tried to log in with an email address that has no account"),
            },
            _l("%(actor)s gave the right password for %(subject)s, but was refused: %(why)s"),
        )
    ),
    Event.PASSWORD_CLOSED: _Plural(
        "failures",
        "The password of %(subject)s was locked for %(to)s after %(num)s wrong one",
        "The password of %(subject)s was locked for %(to)s after %(num)s wrong ones",
    ),
    Event.PASSWORD_CHANGED: _By(
        "way",
        {
            "mailed link": _l("%(subject)s chose a new password with a link"),
            "own page": _l("%(subject)s changed their password"),
        },
        _l("%(actor)s set a new password for %(subject)s"),
    ),
    Event.PASSWORD_RESET_REQUESTED: _l("%(actor)s asked for a link to choose a new password for %(subject)s"),
    Event.CODE_ACCEPTED: _By(
        "purpose",
        {
            "login": _By(
                "factor",
                {
                    "passkey": _l("%(actor)s used a passkey"),
                    "recovery code": _l("%(actor)s gave a right recovery code"),
                },
                _l("%(actor)s gave a right code"),
            ),
        },
        _By(
            "factor",
            {
                "passkey": _l("%(actor)s confirmed with a passkey that it was them"),
                "recovery code": _l("%(actor)s confirmed with a recovery code that it was them"),
            },
            _l("%(actor)s confirmed with a code that it was them"),
        ),
    ),
    Event.CODE_REFUSED: _Failure(
        _By(
            "reason",
            {
                "wrong": _l("%(actor)s gave a wrong code"),
                "used": _l("%(actor)s gave a code that was already used"),
                "locked": _l("%(actor)s gave a code or passkey, but these were locked"),
                **dict.fromkeys(
                    ("slow clock", "fast clock", "other settings", "former app"),
                    _l("%(actor)s gave a wrong code (%(why)s)"),
                ),
            },
            _Own(
                _l("%(actor)s gave a code or passkey that was refused (%(why)s)"),
                _l("%(actor)s used a passkey of %(subject)s that was refused (%(why)s)"),
                _l("%(actor)s used a passkey that was refused (%(why)s)"),
            ),
        )
    ),
    Event.LOGIN_COMPLETED: _By(
        "method",
        {
            "code": _l("%(actor)s logged in with a code from %(browser)s"),
            "recovery code": _l("%(actor)s logged in with a recovery code from %(browser)s"),
            "passkey": _l("%(actor)s logged in with a passkey from %(browser)s"),
            "passkey alone": _l("%(actor)s logged in with a passkey alone from %(browser)s"),
            "password": _l("%(actor)s logged in with the password alone from %(browser)s"),
            "remembered device": _l("%(actor)s logged in from %(browser)s, which was remembered"),
            "invitation": _l("%(subject)s accepted the invitation and logged in from %(browser)s"),
        },
        _l("%(actor)s logged in from %(browser)s"),
    ),
    Event.LOGGED_OUT: _l("%(actor)s logged out"),
    Event.SESSIONS_ENDED: _Own(
        _Plural(
            "count",
            "%(num)s session of %(subject)s ended (%(because)s)",
            "%(num)s sessions of %(subject)s ended (%(because)s)",
        ),
        _Plural(
            "count",
            "%(actor)s ended %(num)s session of %(subject)s (%(because)s)",
            "%(actor)s ended %(num)s sessions of %(subject)s (%(because)s)",
        ),
    ),
    Event.LINKS_ENDED: _Own(
        _Plural(
            "count",
            "%(num)s one-time link of %(subject)s ended (%(because)s)",
            "%(num)s one-time links of %(subject)s ended (%(because)s)",
        ),
        _Plural(
            "count",
            "%(actor)s ended %(num)s one-time link of %(subject)s (%(because)s)",
            "%(actor)s ended %(num)s one-time links of %(subject)s (%(because)s)",
        ),
        _Plural(
            "count",
            "%(actor)s ended %(num)s set-up link (%(because)s)",
            "%(actor)s ended %(num)s set-up links (%(because)s)",
        ),
    ),
    Event.DEVICE_TRUSTED: _Plural(
        "days",
        "%(subject)s let the site remember %(browser)s for %(num)s day",
        "%(subject)s let the site remember %(browser)s for %(num)s days",
    ),
    Event.DEVICES_FORGOTTEN: _Own(
        _Plural(
            "count",
            "%(num)s remembered device of %(subject)s was removed (%(because)s)",
            "%(num)s remembered devices of %(subject)s were removed (%(because)s)",
        ),
        _Plural(
            "count",
            "%(actor)s removed %(num)s remembered device of %(subject)s (%(because)s)",
            "%(actor)s removed %(num)s remembered devices of %(subject)s (%(because)s)",
        ),
    ),
    Event.AUTHENTICATOR_LINKED: _By(
        "replaced",
        {True: _l("%(actor)s linked %(app)s in place of another app")},
        _l("%(actor)s linked %(app)s"),
    ),
    Event.AUTHENTICATOR_RENAMED: _By(
        "before",
        {None: _l("%(actor)s named an app %(new)s")},
        _l("%(actor)s renamed an app from %(old)s to %(new)s"),
    ),
    Event.AUTHENTICATOR_REMOVED: _l("%(actor)s removed %(app)s from their account"),
    Event.AUTHENTICATOR_KEPT: _l("%(actor)s chose to keep 2-factor authentication"),
    Event.AUTHENTICATOR_STOPPED: _Plural(
        "failures",
        "The codes and passkeys of %(subject)s were locked after %(num)s wrong one",
        "The codes and passkeys of %(subject)s were locked after %(num)s wrong ones",
    ),
    Event.PASSKEY_ADDED: _l("%(actor)s added %(passkey)s"),
    Event.PASSKEY_RENAMED: _l("%(actor)s renamed a passkey from %(old)s to %(new)s"),
    Event.PASSKEY_REMOVED: _l("%(actor)s removed %(passkey)s from their account"),
    Event.RECOVERY_CODES_MADE: _By(
        "ended_a_set",
        {True: _l("%(actor)s made new recovery codes in place of earlier ones")},
        _l("%(actor)s made recovery codes"),
    ),
    Event.BREAK_GLASS_MADE: _By(
        "ended_a_set",
        {True: _l("%(actor)s made new break-glass codes in place of earlier ones")},
        _l("%(actor)s made break-glass codes"),
    ),
    Event.BREAK_GLASS_USED: _Plural(
        "left",
        "%(actor)s used a break-glass code (%(num)s is left)",
        "%(actor)s used a break-glass code (%(num)s are left)",
    ),
    Event.BREAK_GLASS_REFUSED: _Failure(
        _By(
            "reason",
            {"used": _l("%(actor)s gave a break-glass code that was already used")},
            _l("%(actor)s gave a wrong break-glass code"),
        )
    ),
    Event.SECOND_FACTOR_REMOVED: _checked(
        _l("%(actor)s removed %(one_factor)s of %(subject)s: %(reason)s"),
        _l("%(actor)s removed %(one_factor)s of %(subject)s: %(reason)s (%(checked)s)"),
    ),
    Event.SECOND_FACTOR_RESET: _By("asked_by", {None: _By("approval", _ALONE, _RESET)}, _APPROVED),
    Event.RESET_REQUESTED: _l("%(actor)s asked the help desk for a reset: %(reason)s"),
    Event.RESET_REQUEST_STOPPED: _l(
        "%(subject)s stopped their request for a reset, with the link in the email"
    ),
    Event.REQUEST_NUMBER_GIVEN: _l("%(actor)s typed the number that %(subject)s read out"),
    Event.REQUEST_NUMBER_REFUSED: _Failure(_l("%(actor)s typed a number that no open request has")),
    Event.APPROVAL_ASKED: _checked(
        _l("%(actor)s asked another helper to approve a reset of %(subject)s: %(reason)s"),
        _l("%(actor)s asked another helper to approve a reset of %(subject)s: %(reason)s (%(checked)s)"),
    ),
    Event.APPROVAL_REFUSED: _l(
        "%(actor)s refused the reset of %(subject)s that %(asked_by)s had asked for: %(reason)s"
    ),
    Event.APPROVAL_STOPPED: _By(
        "too_late",
        {True: _l("%(subject)s said too late that the reset wasn't theirs, with the link in the email")},
        _l("%(subject)s stopped the reset, with the link in the email"),
    ),
    Event.ACCESS_PASS_MADE: _checked(
        _l("%(actor)s made an access pass for %(subject)s, for %(minutes)s minutes"),
        _l("%(actor)s made an access pass for %(subject)s, for %(minutes)s minutes (%(checked)s)"),
    ),
    Event.EMAIL_CODE_SENT: _l("%(actor)s had a code sent by email, to link after the reset"),
    Event.LINKING_PERMITTED: _l("%(actor)s gave the right %(proof)s and may link after the reset"),
    Event.LINKING_REFUSED: _Failure(_l("%(actor)s gave a wrong %(proof)s")),
    Event.MAILS_TRIED_AGAIN: _Own(
        _Plural(
            "count",
            "%(actor)s tried %(num)s failed email again",
            "%(actor)s tried %(num)s failed emails again",
        ),
        _Plural(
            "count",
            "%(actor)s tried %(num)s failed email to %(subject)s again",
            "%(actor)s tried %(num)s failed emails to %(subject)s again",
        ),
        _Plural(
            "count",
            "%(actor)s tried %(num)s failed email again",
            "%(actor)s tried %(num)s failed emails again",
        ),
    ),
    Event.RESET_FOLLOWED: _l("%(subject)s went on after the reset, in the browser that had asked for it"),
    Event.SETUP_LINK_MADE: _l("%(actor)s created the set-up link for the first administrator"),
    Event.USER_CREATED: _By(
        "role",
        {
            "admin": _l("%(actor)s created the account of %(subject)s, as administrator"),
            "helpdesk": _l("%(actor)s created the account of %(subject)s, as help desk"),
        },
        _l("%(actor)s created the account of %(subject)s"),
    ),
    Event.USER_INVITED: _l("%(actor)s invited %(subject)s"),
    Event.NEW_LINK_WANTED: _l("%(subject)s asked for a new invitation"),
    Event.ENROLMENT_LINK_SENT: _l("%(actor)s sent %(subject)s a link for setting up an app or passkey"),
    Event.LINK_SHOWN: _l("%(actor)s was shown a one-time link of %(subject)s, to be passed on"),
    Event.USER_REMINDED: _l("%(actor)s reminded %(subject)s to link an app"),
    Event.USER_EDITED: _Own(
        _l("%(actor)s changed their account (%(changes)s)"),
        _l("%(actor)s changed the account of %(subject)s (%(changes)s)"),
    ),
    Event.USER_DISABLED: _l("%(actor)s disabled the account of %(subject)s"),
    Event.USER_ENABLED: _l("%(actor)s enabled the account of %(subject)s"),
    Event.HELP_LIMITED: _l("%(actor)s changed whom %(subject)s helps (%(changes)s)"),
    Event.ACCOUNT_LOCKED: _By(
        "way",
        {
            "own page": _l("%(subject)s locked their account"),
            "mailed link": _l("%(subject)s locked their account, with the link in an email"),
        },
        _l("%(actor)s locked the account of %(subject)s"),
    ),
    Event.ACCOUNT_OPENED: _checked(
        _l("%(actor)s opened the account of %(subject)s again: %(reason)s"),
        _l("%(actor)s opened the account of %(subject)s again: %(reason)s (%(checked)s)"),
    ),
    Event.REQUIREMENT_CHANGED: _By(
        "required",
        {True: _l("%(actor)s made 2-factor authentication required for %(subject)s")},
        _l("%(actor)s lifted the personal requirement of %(subject)s"),
    ),
    Event.EXEMPTION_GIVEN: _l(
        "%(actor)s exempted %(subject)s from 2-factor authentication until %(until)s: %(reason)s"
    ),
    Event.EXEMPTION_ENDED: _l("%(actor)s ended the exemption of %(subject)s"),
    Event.DEADLINE_SET: _l("%(actor)s gave %(subject)s until %(until)s to set up 2-factor authentication"),
    Event.DEADLINE_ENDED: _l("%(actor)s ended the deadline of %(subject)s"),
    Event.MEMBER_ADDED: _Own(
        _l("%(actor)s joined %(group)s"), _l("%(actor)s added %(subject)s to %(group)s")
    ),
    Event.MEMBER_REMOVED: _Own(
        _l("%(actor)s left %(group)s"), _l("%(actor)s removed %(subject)s from %(group)s")
    ),
    Event.GROUP_CREATED: _l("%(actor)s created the group %(group)s"),
    Event.GROUP_RENAMED: _l("%(actor)s renamed the group %(before)s to %(group)s"),
    Event.GROUP_DELETED: _l("%(actor)s deleted the group %(group)s"),
    Event.GROUP_REMINDED: _By(
        "group",
        {"": _l("%(actor)s reminded everyone who must still link an app")},
        _l("%(actor)s reminded everyone in %(group)s who must still link an app"),
    ),
    Event.POLICY_CHANGED: _l("%(actor)s changed the rule for %(group)s (%(changes)s)"),
    Event.SITE_CHANGED: _l("%(actor)s changed the site (%(changes)s)"),
    Event.TEST_MAIL_SENT: _l("%(actor)s sent themselves a test email"),
    Event.THROTTLE_CLEARED: _l("%(actor)s let %(subject)s try again at once"),
    Event.NETWORK_CLEARED: _l("%(actor)s let the network %(network)s try again at once"),
    Event.ACCESS_REFUSED: _l("%(actor)s tried to open a page that their role does not allow (%(page)s)"),
    Event.PEOPLE_IMPORTED: _l(
        "%(actor)s imported people: %(created)s added, %(changed)s changed, %(disabled)s disabled, "
        "%(left_out)s left out"
    ),
    Event.PEOPLE_EXPORTED: _Plural(
        "rows",
        "%(actor)s downloaded the list of people (%(num)s person)",
        "%(actor)s downloaded the list of people (%(num)s people)",
    ),
    Event.LIST_DOWNLOADED: _l("%(actor)s downloaded a list of names: %(list)s (%(group)s)"),
    Event.IMPORT_RESULT_EXPORTED: _l("%(actor)s downloaded the result of the import of %(file)s"),
    Event.TRAIL_EXPORTED: _Plural(
        "rows",
        "%(actor)s downloaded the audit trail (%(num)s event)",
        "%(actor)s downloaded the audit trail (%(num)s events)",
    ),
    Event.KEYS_ROTATED: _Plural(
        "secrets",
        "%(actor)s rotated the keys (%(num)s secret re-encrypted)",
        "%(actor)s rotated the keys (%(num)s secrets re-encrypted)",
    ),
    Event.SIGNING_KEY_REPLACED: _l("%(actor)s replaced the key that signs cookies"),
    Event.BACKUP_MADE: _l("%(actor)s made a backup (%(file)s)"),
    Event.BACKUP_RESTORED: _l("%(actor)s restored a backup (%(file)s)"),
}

_BY_LABEL = {event.label: entry for event, entry in SENTENCES.items()}
