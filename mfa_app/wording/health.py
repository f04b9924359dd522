"""Words for what is wrong with the installation: a sentence, and how it is cured."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, assert_never

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.core.keys import keyring
from mfa_app.core.operations.health_checks import Check, Problem
from mfa_app.settings import Settings
from mfa_app.wording import dates
from mfa_app.wording.commands import command_line

CREATE_DATABASE = (
    "createdb --owner second_gate --template template0 --encoding UTF8 --locale C.UTF-8 second_gate"
)

WriteTrouble = Literal[Problem.DISK_FULL, Problem.READ_ONLY, Problem.UNWRITABLE, Problem.FOLDER_UNWRITABLE]
ClockTrouble = Literal[Problem.CLOCK_BEHIND, Problem.CLOCKS_APART]
Tampering = Literal[Problem.TRAIL_KEY_CHANGED, Problem.SECRET_CHANGED, Problem.TRAIL_CUT]
Unattended = Literal[Problem.MAILS_STUCK, Problem.BREAK_GLASS_USED]
DatabaseTrouble = Literal[Problem.UNREACHABLE, Problem.WRONG_ENCODING, Problem.UNPREPARED, Problem.NEWER]


@dataclass(frozen=True)
class HealthMessage:
    """What is wrong, and what to do about it."""

    sentence: str
    cure: str

    def __str__(self) -> str:
        return f"{self.sentence} {self.cure}"


def describe(check: Check, settings: Settings) -> HealthMessage:
    """Return the words about a check that has found something."""
    facts = {
        key: dates.plain_time(value) if isinstance(value, datetime) else value
        for key, value in check.facts.items()
    }
    match check.problem:
        case Problem.UNREACHABLE | Problem.WRONG_ENCODING | Problem.UNPREPARED | Problem.NEWER:
            return _database(check.problem, facts)
        case Problem.DISK_FULL | Problem.READ_ONLY | Problem.UNWRITABLE | Problem.FOLDER_UNWRITABLE:
            return _unwritable(check.problem, facts)
        case Problem.KEYS_DO_NOT_FIT:
            return keys_do_not_fit(settings)
        case Problem.TRAIL_KEY_CHANGED | Problem.SECRET_CHANGED | Problem.TRAIL_CUT:
            return _tampered_with(check.problem, facts)
        case Problem.CLOCK_BEHIND | Problem.CLOCKS_APART:
            return _clock(check.problem, facts)
        case Problem.MAILS_STUCK | Problem.BREAK_GLASS_USED:
            return _unattended(check.problem, facts)
        case None:
            raise ValueError(f"nothing is wrong with {check.name}")
        case trouble:
            assert_never(trouble)


def _clock(trouble: ClockTrouble, facts: dict[str, object]) -> HealthMessage:
    match trouble:
        case Problem.CLOCK_BEHIND:
            return HealthMessage(
                _("The clock shows %(clock)s, but it was %(newest)s already.", **facts),
                _("Set the clock by NTP: codes, sessions and links all depend on it."),
            )
        case Problem.CLOCKS_APART:
            return HealthMessage(
                _(
                    "This machine's clock shows %(clock)s, but the database server's shows %(database)s.",
                    **facts,
                ),
                _("Set both by NTP: codes, sessions and links all depend on the clock of each node."),
            )


def _database(trouble: DatabaseTrouble, facts: dict[str, object]) -> HealthMessage:
    match trouble:
        case Problem.UNREACHABLE:
            return HealthMessage(
                _("The database does not answer (%(kind)s).", **facts),
                _(
                    "Check that it is running, and that MFA_DATABASE_URL points to it. It says: %(reason)s.",
                    **facts,
                ),
            )
        case Problem.WRONG_ENCODING:
            return wrong_encoding(str(facts["encoding"]))
        case Problem.UNPREPARED:
            return HealthMessage(
                _("The database is not ready for this version."),
                _("Please run: %(it)s", it=command_line("prepare")),
            )
        case Problem.NEWER:
            sentence = _("The database was prepared by a newer version of this site.")
            return HealthMessage(sentence, _("Please run that version."))


def _unwritable(trouble: WriteTrouble, facts: dict[str, object]) -> HealthMessage:
    match trouble:
        case Problem.DISK_FULL:
            return HealthMessage(
                _("Nothing can be saved: the disk of the database is full."),
                _(
                    "Free some space on the disk of %(place)s. The site then works again by itself. "
                    "It says: %(reason)s.",
                    **facts,
                ),
            )
        case Problem.READ_ONLY:
            return HealthMessage(_("Nothing can be saved: the database can only be read."), _read_only(facts))
        case Problem.UNWRITABLE:
            return HealthMessage(
                _("Nothing can be saved in the database (%(kind)s).", **facts),
                _("Check the disk of %(place)s. It says: %(reason)s.", **facts),
            )
        case Problem.FOLDER_UNWRITABLE:
            return HealthMessage(
                _("Nothing can be written to the folder %(folder)s: %(reason)s.", **facts),
                _("Check its disk, how that is mounted, and that the folder belongs to the site's user."),
            )


def _read_only(facts: dict[str, object]) -> str:
    if facts["is_file"]:
        return _(
            "Check how the disk of %(place)s is mounted, and the owner of that file and of those beside it. "
            "It says: %(reason)s.",
            **facts,
        )
    return _(
        "Check that %(place)s is the primary, not a standby, and that default_transaction_read_only is off. "
        "It says: %(reason)s.",
        **facts,
    )


def wrong_encoding(encoding: str) -> HealthMessage:
    """Return the words for a database of PostgreSQL that can't hold every name."""
    return HealthMessage(
        _("The encoding of the database is %(encoding)s, but it must be UTF8.", encoding=encoding),
        _("Create another one: %(command)s", command=CREATE_DATABASE),
    )


def keys_do_not_fit(settings: Settings) -> HealthMessage:
    """Return the words for keys that do not open what the database holds."""
    cure = _(
        "Put back the file keys from your backup: with other keys nobody's authentication app works any more."
    )
    if settings.data_keys:
        cure = _("Put back the earlier keys: with other keys nobody's authentication app works any more.")
    place = keyring.location(settings)
    return HealthMessage(_("The keys in %(place)s do not fit this database.", place=place), cure)


def _tampered_with(trouble: Tampering, facts: dict[str, object]) -> HealthMessage:
    match trouble:
        case Problem.TRAIL_KEY_CHANGED:
            return HealthMessage(
                _("The key of the audit trail in the database was changed: your keys open everything else."),
                _("Find out who could write to the database, and restore a backup."),
            )
        case Problem.SECRET_CHANGED:
            return HealthMessage(
                _(
                    "The secret of an authentication app was changed in the database: your keys open the "
                    "others. It is the app of person %(user)s.",
                    **facts,
                ),
                _(
                    "Find out who could write to the database, and reset 2FA on the page "
                    "/admin/people/%(user)s of the site.",
                    **facts,
                ),
            )
        case Problem.TRAIL_CUT:
            return HealthMessage(
                _(
                    "Row %(row)s of the audit trail is not as it was anchored: rows were changed or cut off.",
                    **facts,
                ),
                _(
                    "Find out who could write to the database. Look closer: %(command)s",
                    command=command_line("audit verify"),
                ),
            )


def _unattended(trouble: Unattended, facts: dict[str, Any]) -> HealthMessage:
    match trouble:
        case Problem.MAILS_STUCK:
            return _mails_stuck(facts)
        case Problem.BREAK_GLASS_USED:
            return HealthMessage(
                _("A break-glass code was used on %(used_at)s.", **facts),
                _(
                    "The audit trail says for whose account. If that was agreed, make new codes: "
                    "%(command)s. If it wasn't, disable that account first.",
                    command=command_line("break-glass new"),
                ),
            )


def _mails_stuck(facts: dict[str, Any]) -> HealthMessage:
    error = facts["error"] or _("nobody has tried to send them")
    return HealthMessage(
        ngettext(
            "%(num)s email is stuck, the oldest since %(since)s.",
            "%(num)s emails are stuck, the oldest since %(since)s.",
            facts["waiting"],
            since=facts["since"],
        ),
        _(
            "Check the mail server, MFA_SMTP_URL and the page “Site”. The last error: %(error)s",
            error=error,
        ),
    )
