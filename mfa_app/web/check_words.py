"""Words for what is wrong with the installation: a sentence, and how it is cured."""

from dataclasses import dataclass

from flask_babel import format_datetime, ngettext
from flask_babel import gettext as _

from mfa_app.config import Settings
from mfa_app.core import keys
from mfa_app.core.installation import Check, Trouble

PREPARE = "flask --app wsgi prepare"


@dataclass(frozen=True)
class Told:
    """What is wrong, and what to do about it."""

    sentence: str
    cure: str

    def __str__(self) -> str:
        return f"{self.sentence} {self.cure}"


def told(check: Check, settings: Settings) -> Told:
    """Return the words about a check that has found something."""
    match check.trouble:
        case Trouble.UNREACHABLE:
            return Told(
                _("The database does not answer (%(kind)s).", **check.facts),
                _("See that it runs, and that MFA_DATABASE_URL names it."),
            )
        case Trouble.UNPREPARED:
            return Told(_("The database is not ready for this version."), _("Please run: %(it)s", it=PREPARE))
        case Trouble.NEWER:
            return Told(
                _("The database was prepared by a newer version of this site."), _("Please run that version.")
            )
        case Trouble.KEYS_DO_NOT_FIT:
            return keys_do_not_fit(settings)
    return _told_of_the_rest(check)


def keys_do_not_fit(settings: Settings) -> Told:
    """Return the words for keys that do not open what the database holds."""
    cure = _(
        "Put back the file keys from your backup: with other keys nobody’s authentication app fits any more."
    )
    if settings.data_keys:
        cure = _("Put back the keys of before: with other keys nobody’s authentication app fits any more.")
    place = "MFA_DATA_KEYS" if settings.data_keys else keys.file_of(settings).resolve()
    return Told(_("The keys in %(place)s do not fit this database.", place=place), cure)


def _told_of_the_rest(check: Check) -> Told:
    facts = {
        key: format_datetime(value, "yyyy-MM-dd HH:mm") if hasattr(value, "year") else value
        for key, value in check.facts.items()
    }
    if check.trouble is Trouble.CLOCK_BEHIND:
        return Told(
            _("The clock shows %(clock)s UTC, but it was %(newest)s UTC already.", **facts),
            _("Set the clock by NTP: codes, sessions and links all depend on it."),
        )
    if check.trouble is Trouble.MAILS_STUCK:
        error = facts["error"] or _("nobody has tried to send them")
        return Told(
            ngettext(
                "%(num)s mail is stuck, the oldest since %(since)s UTC.",
                "%(num)s mails are stuck, the oldest since %(since)s UTC.",
                facts["waiting"],
                since=facts["since"],
            ),
            _("See MFA_SMTP_URL and the mail server. The last error: %(error)s", error=error),
        )
    return Told(
        _("Row %(row)s of the audit trail is not as it was anchored: rows were changed or cut off.", **facts),
        _("Find out who could write to the database. Look closer: flask --app wsgi audit verify"),
    )
