"""Words for what is wrong with the installation: a sentence, and how it is cured."""

from dataclasses import dataclass

from flask_babel import format_datetime, ngettext
from flask_babel import gettext as _

from mfa_app.core.keys import keyring
from mfa_app.core.operations.health_checks import Check, Problem
from mfa_app.settings import Settings

PREPARE = "flask --app wsgi prepare"


@dataclass(frozen=True)
class HealthMessage:
    """What is wrong, and what to do about it."""

    sentence: str
    cure: str

    def __str__(self) -> str:
        return f"{self.sentence} {self.cure}"


def describe(check: Check, settings: Settings) -> HealthMessage:
    """Return the words about a check that has found something."""
    match check.problem:
        case Problem.UNREACHABLE:
            return HealthMessage(
                _("The database does not answer (%(kind)s).", **check.facts),
                _("See that it runs, and that MFA_DATABASE_URL names it."),
            )
        case Problem.UNPREPARED:
            return HealthMessage(
                _("The database is not ready for this version."), _("Please run: %(it)s", it=PREPARE)
            )
        case Problem.NEWER:
            return HealthMessage(
                _("The database was prepared by a newer version of this site."), _("Please run that version.")
            )
        case Problem.KEYS_DO_NOT_FIT:
            return keys_do_not_fit(settings)
    return _told_of_the_rest(check)


def keys_do_not_fit(settings: Settings) -> HealthMessage:
    """Return the words for keys that do not open what the database holds."""
    cure = _(
        "Put back the file keys from your backup: with other keys nobody’s authentication app fits any more."
    )
    if settings.data_keys:
        cure = _("Put back the keys of before: with other keys nobody’s authentication app fits any more.")
    place = "MFA_DATA_KEYS" if settings.data_keys else keyring.file_of(settings).resolve()
    return HealthMessage(_("The keys in %(place)s do not fit this database.", place=place), cure)


def _told_of_the_rest(check: Check) -> HealthMessage:
    facts = {
        key: format_datetime(value, "yyyy-MM-dd HH:mm") if hasattr(value, "year") else value
        for key, value in check.facts.items()
    }
    if check.problem is Problem.CLOCK_BEHIND:
        return HealthMessage(
            _("The clock shows %(clock)s UTC, but it was %(newest)s UTC already.", **facts),
            _("Set the clock by NTP: codes, sessions and links all depend on it."),
        )
    if check.problem is Problem.MAILS_STUCK:
        error = facts["error"] or _("nobody has tried to send them")
        return HealthMessage(
            ngettext(
                "%(num)s mail is stuck, the oldest since %(since)s UTC.",
                "%(num)s mails are stuck, the oldest since %(since)s UTC.",
                facts["waiting"],
                since=facts["since"],
            ),
            _("See MFA_SMTP_URL and the mail server. The last error: %(error)s", error=error),
        )
    return HealthMessage(
        _("Row %(row)s of the audit trail is not as it was anchored: rows were changed or cut off.", **facts),
        _("Find out who could write to the database. Look closer: flask --app wsgi audit verify"),
    )
