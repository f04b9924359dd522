"""What each email is called, where a list says which could not be sent."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from mfa_app.core.mail.outbox import Mail

_NAMES: dict[str, str] = {
    Mail.LINKED: _l("App linked"),
    Mail.RESET_REQUESTED: _l("Reset asked for"),
    Mail.APPROVAL_ASKED: _l("Reset that waits for an approval"),
    Mail.APPROVAL_WANTED: _l("Approval wanted, to the administrators"),
    Mail.APPROVAL_STOPPED: _l("Reset stopped by its owner, to the administrators"),
    Mail.RESET: _l("2-factor authentication reset"),
    Mail.ACCESS_PASS_MADE: _l("Access pass made"),
    Mail.EMAIL_CODE: _l("Code by email"),
    Mail.REMOVED: _l("App removed"),
    Mail.FACTOR_REMOVED: _l("App or passkey removed by the help desk"),
    Mail.STOPPED: _l("Locked after wrong codes"),
    Mail.WRONG_CODES: _l("Wrong codes with the right password"),
    Mail.NEW_LOGIN: _l("Login in a new browser"),
    Mail.PASSKEY_ADDED: _l("Passkey added"),
    Mail.PASSKEY_REMOVED: _l("Passkey removed"),
    Mail.RECOVERY_CODES_MADE: _l("New recovery codes"),
    Mail.RECOVERY_CODE_USED: _l("Recovery code used"),
    Mail.BREAK_GLASS_MADE: _l("New break-glass codes"),
    Mail.BREAK_GLASS_USED: _l("Break-glass code used"),
    Mail.BREAK_GLASS_ALARM: _l("Break-glass code used, to the administrators"),
    Mail.BREAK_GLASS_REFUSED: _l("Break-glass code refused"),
    Mail.PASSWORD_CHANGED: _l("Password changed"),
    Mail.ADDRESS_CHANGED: _l("Email address changed"),
    Mail.ACCOUNT_LOCKED: _l("Account locked"),
    Mail.ACCOUNT_OPENED: _l("Account opened again"),
    Mail.ACCOUNT_ENDS: _l("Account ends soon"),
    Mail.EXEMPTION_GIVEN: _l("Exemption"),
    Mail.EXEMPTION_ENDS: _l("Exemption ends soon"),
    Mail.EXEMPTION_OVER: _l("Exemption ended"),
    Mail.EXEMPTIONS_END: _l("Exemptions that end soon"),
    Mail.INVITATION: _l("Invitation"),
    Mail.INVITATION_ENDS: _l("Invitation ends soon"),
    Mail.NEW_LINK_WANTED: _l("New link wanted"),
    Mail.PASSWORD_RESET: _l("Link for a new password"),
    Mail.ENROLMENT_LINK: _l("Link to set up an app"),
    Mail.TEST: _l("Test email"),
    Mail.REMINDER: _l("Reminder to link an app"),
    Mail.RULE_ANNOUNCED: _l("A rule that comes"),
    Mail.RULE_SOON: _l("A rule that starts soon"),
    Mail.RULE_STARTS: _l("A rule that starts"),
    Mail.LAST_DAY: _l("Last day to link an app"),
}


def mail_name(mail: str) -> str:
    """Return what an email is called; the name of its template if it has no other, so no list fails by it."""
    return str(_NAMES.get(mail, mail))


def tried_again(count: int) -> str:
    """Return how many emails are tried again."""
    if not count:
        return _("There is no email to try again.")
    return ngettext("%(num)s email is on its way again.", "%(num)s emails are on their way again.", count)


def could_not_be_sent(count: int) -> str:
    """Return how many emails could not be sent."""
    return ngettext("%(num)s email could not be sent.", "%(num)s emails could not be sent.", count)
