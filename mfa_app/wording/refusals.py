"""The sentence for each refusal and interruption: why something didn't happen, and what to do next."""

import math
from dataclasses import asdict
from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from mfa_app.core.common import clock, errors
from mfa_app.core.factors import challenges
from mfa_app.core.helpdesk.requests import OPEN_HOURS
from mfa_app.core.operations.logo import MAX_SIDE
from mfa_app.core.passwords.strength import MAX_LENGTH, MIN_LENGTH
from mfa_app.core.throttling.limits import HELP_REQUESTS
from mfa_app.wording import dates, uploads
from mfa_app.wording.diagnosis import explained

_MINUTE = timedelta(minutes=1)

# A test asks for a sentence for every one of them. Those that carry facts have theirs in `sentence`.
_SENTENCES: dict[type[errors.Refusal | errors.Interruption], str] = {
    errors.WrongCredentials: _l("The email address or password is wrong. Check both and try again."),
    errors.AccountClosed: _l(
        "Your account is closed, so you can't log in. "
        "If you still work here, ask an administrator to open it."
    ),
    errors.WrongPassword: _l("That isn't your current password. Try again."),
    errors.WrongCode: _l(
        "That code is wrong. Enter the 6 digits your authentication app shows now. "
        "If it keeps failing, check that your phone sets its clock automatically."
    ),
    errors.UsedCode: _l("That code has already been used. Wait for the next one, then enter that."),
    errors.NotABreakGlassCode: _l("A break-glass code has 24 letters and digits. Check it and try again."),
    errors.WrongBreakGlassCode: _l(
        "That isn't one of the site's break-glass codes. If it's what the paper says, newer codes have "
        "replaced it. Use one of those, or ask another administrator or the engineer who runs this site."
    ),
    errors.UsedBreakGlassCode: _l(
        "That break-glass code has already been used. Use the other one, or ask another administrator or the "
        "engineer who runs this site."
    ),
    errors.NotAnAccessPass: _l(
        "An access pass has 8 letters and digits, such as KM7P 3XQT. Check it and try again."
    ),
    errors.WrongAccessPass: _l(
        "This access pass doesn't work. Check it and try again. If it was used before or is too old, "
        "ask the help desk for a new one."
    ),
    errors.NotAnEmailCode: _l("The code in the email has 6 digits. Check it and try again."),
    errors.WrongEmailCode: _l(
        "This code doesn't work. Check it and try again, use the newest email, or have a new code sent."
    ),
    errors.NoMailServer: _l(
        "Codes can't be emailed, because no mail server is set up. Choose another way, or set one up first."
    ),
    errors.PassNotNeeded: _l(
        "No access pass was made: this person doesn't need one now, or could not use it. Look at their page."
    ),
    errors.AuthenticatorLocked: _l(
        "Too many wrong codes were entered, so neither codes nor passkeys are accepted any more. "
        "Ask the help desk to reset your 2-factor authentication."
    ),
    errors.PasswordLocked: _l(
        "Too many wrong passwords were entered, so the password of this account is locked. "
        "Use “Forgot your password?” to get a link by email that unlocks it."
    ),
    errors.OneTimeLinkExpired: _l("This link has been used or has expired."),
    errors.MailPasswordNeeded: _l(
        "Enter the password for this server and user name. A password is only sent where it was entered for."
    ),
    errors.SetOnServer: _l("This is in the server's settings. Change it there."),
    errors.PendingEnrolmentExpired: _l(
        "That page had expired. Delete the entry it made in your app, then add the new one from here."
    ),
    errors.AlreadyEnrolled: _l("Your account already has an app or passkey."),
    errors.PasskeysOff: _l("Passkeys don't work on this site, because its address is a number, not a name."),
    errors.PasskeysElsewhere: _l(
        "None of your passkeys was made for this site's present address. Use another way to log in, "
        "or ask the help desk."
    ),
    errors.NotHelpDesk: _l(
        "Only people of the help desk have groups to help. Give this person the role first."
    ),
    errors.PasskeyNameTaken: _l("You already have a passkey with this name. Choose another one."),
    errors.PasskeyGone: _l("This passkey is not on your account any more."),
    errors.AppNameTaken: _l("You already have an app with this name. Choose another one."),
    errors.TwoFactorRequired: _l(
        "2-factor authentication is required for you, so you can't remove your only app or passkey. "
        "Add another one first. For an app, you can also choose “Move to a new phone”."
    ),
    errors.PasskeyRequired: _l(
        "Only passkeys count for your account, not codes of an app or recovery codes. Use a passkey instead."
    ),
    errors.LastPasskey: _l(
        "Only passkeys count for your account, so you can't remove your only one. Add another one first."
    ),
    errors.NotEnrolled: _l("This account has no authentication app and no passkey."),
    errors.AppGone: _l("This authentication app is not linked to your account any more."),
    errors.FactorGone: _l("Nothing was removed: this app or passkey is not on the account any more."),
    errors.LastFactor: _l(
        "Nothing was removed: it's the only app or passkey of this person. "
        "Reset 2-factor authentication instead."
    ),
    errors.NotAllowed: _l("Your role doesn't allow this."),
    errors.CannotExemptSelf: _l("You can't lift your own requirement. Ask another administrator."),
    errors.CannotExemptRole: _l(
        "Administrators and the help desk can't be exempted: they always need 2-factor authentication. "
        "Change the role first."
    ),
    errors.CannotDelayRole: _l(
        "Administrators and the help desk have no deadline: they link an app or add a passkey before "
        "anything opens. Change the role first."
    ),
    errors.LinkNotNeeded: _l(
        "No link was sent: this person has an app or passkey already, or can set one up without a link."
    ),
    errors.LastAdministrator: _l(
        "Not saved: no administrator would be able to get in any more. "
        "First have another administrator link an app or add a passkey."
    ),
    errors.RuleChanged: _l(
        "Someone changed this rule in the meantime, so your change was not saved. "
        "Check the rule as it is now, then try again."
    ),
    errors.AccountDisabled: _l(
        "This account is disabled or locked, so a link would not work. Enable the account or open it first."
    ),
    errors.PasswordChosen: _l(
        "This person has already chosen a password. If they forgot it, they can use “Forgot your password?” "
        "on the login page."
    ),
    errors.EmailTaken: _l("There is already an account with this email address. Use another one."),
    errors.NameTaken: _l("There is already a group with this name. Choose another one."),
    errors.NothingToRemind: _l(
        "There is nobody to remind now. People get one reminder a day at most, and only if they still have "
        "to link an app and emails reach them."
    ),
    errors.InvalidEmail: _l("Enter an email address like name@company.com."),
    errors.AlreadySetUp: _l("The first administrator already exists. Log in instead."),
    errors.OutOfScope: _l("There is no such person among those you help."),
    errors.SessionEnded: _l("Your session has ended. Log in again."),
    errors.RotationRunning: _l("Someone else is rotating the keys. Wait until that has finished."),
    errors.ImportRunning: _l("Another import is being saved. Wait until that has finished, then try again."),
    errors.ImportNotReady: _l(
        "This import can't be saved now: it is already saved or thrown away, or its file is still being read."
    ),
    errors.TooManyHelpRequests: _l(
        "You have asked %(times)s times within an hour. Call the help desk, or wait an hour and ask again.",
        times=HELP_REQUESTS.free_attempts,
    ),
    errors.HelpRequestGone: _l(
        "Nothing was reset: this request is not open any more. It may have been stopped. Ask the caller for "
        "the number that the page shows now."
    ),
    errors.ApprovalGone: _l(
        "Nothing was done: this reset doesn't wait for an approval any more, or something about it has "
        "changed. Look at it again."
    ),
    errors.OwnApproval: _l("You asked for this reset, so another helper has to approve it."),
    errors.AskerLostRight: _l(
        "Nothing was reset: the helper who asked for it may not reset this person any more. Refuse it. If a "
        "reset is still needed, ask for it yourself."
    ),
    errors.ResetOfClosedAccount: _l(
        "Nothing was reset: this account is disabled or has ended, so nobody could stop this reset while it "
        "waits for another helper. An administrator has to enable the account, or change its last day, first."
    ),
    errors.LockedByOwner: _l(
        "Nothing was reset: this person has locked the account. Call them on the number in the directory, "
        "and open the account again first."
    ),
    errors.NotARequestNumber: _l(
        "The number of a request has 6 digits. Ask the caller to read it out again."
    ),
    errors.WrongRequestNumber: _l(
        "No open request has this number. Ask the caller to read it out again. A request ends after "
        "%(hours)s hours, and a newer one replaces it.",
        hours=OPEN_HOURS,
    ),
    errors.HelpRequestStopped: _l(
        "You can't ask for a reset here at the moment: the last request for your account was stopped through "
        "the link in the email about it. Call the help desk."
    ),
    errors.HashingQueueFull: _l("Too many people are logging in right now. Try again in a few seconds."),
}


# Apps can make codes of 7 or 8 digits (RFC 4226), if somebody has chosen so.
_MORE_DIGITS = _l(
    "If the app itself shows more than 6, set its entry to 6 digits, or delete it and scan the QR code again."
)


_PASSWORD_REASONS: dict[str, str] = {
    "short": _l(
        "Use at least %(number)s characters. A sentence of a few words is easy to remember.",
        number=MIN_LENGTH,
    ),
    "long": _l("Use at most %(number)s characters.", number=MAX_LENGTH),
    "known names": _l(
        "Choose a password that isn't made of your name, your email address or the name of this site."
    ),
    "guessable": _l(
        "This password is easy to guess, because it's common or follows a simple pattern. "
        "Choose another one, such as a few words that don't belong together."
    ),
}


_LOGO_REASONS: dict[str, str] = {
    "too large": uploads.PICTURE_TOO_LARGE,
    "too many pixels": _l(
        "This picture is more than %(most)s pixels wide or high. Make it smaller.", most=MAX_SIDE
    ),
    "no picture": _l("This file can't be read as a picture. Send a PNG, a JPEG or a WebP."),
}


_PASSKEY_REASONS: dict[str, str] = {
    "unreadable": _l("Your browser sent something that can't be read. Try again, or use another browser."),
    "wrong site": _l(
        "Your passkey answered for another address than this site's. Check the address in your browser."
    ),
    "challenge": _l("That answer of your passkey belongs to another page. Try again."),
    "expired": _l(
        "That took more than %(minutes)s minutes. Try again.", minutes=challenges.LIFETIME // _MINUTE
    ),
    "replayed": _l("That answer of your passkey has already been used. Try again."),
    "not verified": _l(
        "Your passkey didn't check that it was you. Set up a fingerprint, face, screen lock or PIN for it, "
        "then try again."
    ),
    "unknown passkey": _l("This passkey isn't on your account. It may have been removed. Use another one."),
    "of someone else": _l("This passkey belongs to another account. Use one of your own."),
    "signature": _l("The answer of your passkey is wrong. Try again, or use another way."),
    "counter": _l(
        "This passkey was refused, because there may be a copy of it. Use another way to log in, "
        "then remove it from your account."
    ),
    "changed": _l(
        "This passkey was refused, because it has changed since you added it. Use another way to log in, "
        "then remove it from your account."
    ),
    "algorithm": _l("This site can't check this kind of passkey. Use another device or security key."),
    "registered": _l("This passkey has already been added."),
    "not alone": _l(
        "You can't log in with this passkey here. Log in with your email address and password instead."
    ),
}


_FILE_REASONS: dict[str, str] = {
    "empty": _l("The file is empty."),
    "too large": uploads.FILE_TOO_LARGE,
    "workbook": _l("This is a workbook, not CSV. In your spreadsheet, choose “Save as”, then CSV."),
    "not text": _l("Line %(line)s is not text. Save the file as CSV in UTF-8, then try again."),
    "mixed encodings": _l(
        "Line %(line)s has another encoding than the rest of the file. Save the file as CSV in UTF-8."
    ),
    "broken row": _l("Line %(line)s can't be read: a quotation mark is missing, or there is one too many."),
    "long cell": _l("Line %(line)s has a cell of more than %(most)s characters. Shorten it."),
    "too many columns": _l("Line %(line)s has more than %(most)s columns. Leave out those you don't need."),
    "too many rows": _l("The file has more than %(most)s rows. Split it into several files."),
    "no email column": _l(
        "The file needs a column with email addresses. Call it “Email”. Its columns are: %(found)s."
    ),
    "unread address": _l(
        "The email address in line %(line)s can't be read, so it isn't certain who is missing in the file. "
        "Correct it first."
    ),
    "nobody named": _l("The file names nobody, so everyone would count as missing. Check it first."),
}


_STALE_REASONS: dict[str, str] = {
    "people": _l(
        "Nothing was imported: %(about)s has changed since the file was checked. Check the file again."
    ),
    "groups": _l("Nothing was imported: there is no group “%(about)s” any more. Check the file again."),
    "replaced group": _l(
        "Nothing was imported: the group whose members the file replaces was deleted. Choose another group."
    ),
    "access": _l(
        "Nothing was imported, because your access has changed since you asked for it. Check the file again."
    ),
    "failed": _l(
        "Nothing was imported, because something went wrong. Check the file again. If that doesn't help, ask "
        "the engineer to look in the log."
    ),
}


_REASONS: dict[type[errors.Refusal], dict[str, str]] = {
    errors.PasskeyRefused: _PASSKEY_REASONS,
    errors.UnacceptablePassword: _PASSWORD_REASONS,
    errors.LogoRefused: _LOGO_REASONS,
}


def sentence(refusal: errors.Refusal | errors.Interruption) -> str:
    """Return the sentence that tells a person why something didn't happen and what to do about it."""
    if isinstance(refusal, errors.Throttled | errors.EmailCodeTooSoon):
        return _of_a_wait(refusal)
    if isinstance(refusal, errors.AccountLocked | errors.DeadlineOutOfRange):
        return _of_a_day(refusal)
    if isinstance(refusal, errors.TooManyApps | errors.TooManyPasskeys):
        return _too_many(refusal)
    if isinstance(refusal, errors.NotACode):
        return not_a_code(refusal)
    if isinstance(refusal, errors.ExplainedCode):
        return explained(refusal.explanation)
    if isinstance(refusal, errors.ImportFileRefused | errors.ImportStale):
        return _of_an_import(refusal)
    if isinstance(refusal, errors.PasskeyRefused | errors.UnacceptablePassword | errors.LogoRefused):
        return str(_REASONS[type(refusal)][refusal.reason])
    return str(_SENTENCES[type(refusal)])


def _of_a_wait(refusal: errors.Throttled | errors.EmailCodeTooSoon) -> str:
    when = in_a_while(refusal.retry_at)
    if isinstance(refusal, errors.EmailCodeTooSoon):
        return _("You can have a new code sent %(when)s. Check your spam folder meanwhile.", when=when)
    return _("Too many failed attempts. Try again %(when)s.", when=when)


def _of_an_import(refusal: errors.ImportFileRefused | errors.ImportStale) -> str:
    sentences = _FILE_REASONS if isinstance(refusal, errors.ImportFileRefused) else _STALE_REASONS
    return str(sentences[refusal.reason]) % asdict(refusal)


def _of_a_day(refusal: errors.AccountLocked | errors.DeadlineOutOfRange) -> str:
    if isinstance(refusal, errors.DeadlineOutOfRange):
        return _("Choose a day from today to %(date)s.", date=dates.day(refusal.latest))
    return _(
        "You locked this account on %(date)s. Call the help desk to have it opened again.",
        date=dates.day(refusal.since),
    )


def _too_many(refusal: errors.TooManyApps | errors.TooManyPasskeys) -> str:
    if isinstance(refusal, errors.TooManyPasskeys):
        return _(
            "You have %(number)s passkeys, and can't add more. Remove one that you don't use first.",
            number=refusal.most,
        )
    return _(
        "You have %(number)s apps, and can't link more. Remove one that you don't use first.",
        number=refusal.most,
    )


def not_a_code(refusal: errors.NotACode) -> str:
    """Return what to do about something that can't be a code."""
    if refusal.setup_key:
        return _(
            "That is the setup key. It belongs in the app: add it there, then enter the 6 digits that the "
            "app shows."
        )
    if refusal.digits == 0:
        return _("Enter digits only: the 6 that your authentication app shows now.")
    entered = ngettext(
        "You entered %(num)s digit. Enter the 6 digits your authentication app shows now.",
        "You entered %(num)s digits. Enter the 6 digits your authentication app shows now.",
        refusal.digits,
    )
    return f"{entered} {_MORE_DIGITS}" if refusal.digits in (7, 8) else entered


def seconds_until(moment: datetime) -> int:
    """Return how long it is until a moment, in whole seconds, at least one."""
    return max(1, math.ceil((moment - clock.now()).total_seconds()))


def in_a_while(moment: datetime) -> str:
    """Return how long it is until a moment: "in 30 seconds", "in 4 minutes"."""
    seconds = seconds_until(moment)
    if seconds <= 90:
        return ngettext("in %(num)s second", "in %(num)s seconds", seconds)
    return ngettext("in %(num)s minute", "in %(num)s minutes", math.ceil(seconds / 60))
