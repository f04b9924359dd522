"""The sentence for each refusal: why something was refused, and what to do next."""

import math
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.core.common import clock, errors
from mfa_app.core.passwords.strength import MAX_LENGTH, MIN_LENGTH


def sentence(refusal: errors.Refusal) -> str:
    """Return the sentence that tells a person why something was refused and what to do about it."""
    if isinstance(refusal, errors.Throttled):
        return _(
            "Too many attempts have failed. Please try again %(when)s.", when=in_a_while(refusal.retry_at)
        )
    if isinstance(refusal, errors.UnacceptablePassword):
        return _password_sentence(refusal.reason)
    return _sentences()[type(refusal)]


def _sentences() -> dict[type[errors.Refusal], str]:
    return {
        errors.WrongCredentials: _(
            "The e-mail address or the password is not right. Please check both and try again."
        ),
        errors.WrongPassword: _("That is not your current password. Please try again."),
        errors.WrongCode: _(
            "That code is not right. Enter the 6 digits that your authentication app shows now; "
            "if it keeps failing, check that the clock of your phone is set automatically."
        ),
        errors.UsedCode: _(
            "That code has already been used. Wait until your app shows a new one, then enter that."
        ),
        errors.AuthenticatorLocked: _(
            "Too many wrong codes have been entered, so your authentication app no longer opens "
            "this account. The help desk can reset it for you."
        ),
        errors.PasswordLocked: _(
            "Too many attempts to log in to this account have failed. Use “Forgot your password?” "
            "to get a link by e-mail; it opens the account again."
        ),
        errors.OneTimeLinkExpired: _("This link has been used already or is too old."),
        errors.PendingEnrolmentExpired: _(
            "That QR code had expired. Please scan the new one below and enter its code."
        ),
        errors.AlreadyEnrolled: _("An authentication app is linked to your account already."),
        errors.TwoFactorRequired: _(
            "2-factor authentication is required for you, so it cannot be switched off."
        ),
        errors.NotEnrolled: _("No authentication app is linked to this account."),
        errors.NotAllowed: _("Your role does not allow this."),
        errors.CannotExemptSelf: _(
            "Nobody lets themselves off 2-factor authentication. Please ask another administrator to do it."
        ),
        errors.LastAdministrator: _(
            "Not saved: no administrator would be able to get in any more. "
            "First let an administrator link an authentication app, or make somebody else an administrator."
        ),
        errors.EmailTaken: _("There is already an account with this e-mail address. Please use another one."),
        errors.NameTaken: _("There is already a group of this name. Please choose another one."),
        errors.InvalidEmail: _("This is not an e-mail address. It looks like name@company.com."),
        errors.AlreadySetUp: _("The first administrator exists already. Please log in."),
        errors.SessionEnded: _("Your session has ended. Please log in again."),
        errors.RotationRunning: _(
            "Somebody else rotates the keys right now. Please wait until that has ended."
        ),
        errors.HashingQueueFull: _(
            "Very many people are logging in right now. Please try again in a few seconds."
        ),
    }


def _password_sentence(reason: str) -> str:
    return {
        "short": _(
            "Please use at least %(number)s characters. A sentence of a few words is easy to remember.",
            number=MIN_LENGTH,
        ),
        "long": _("Please use at most %(number)s characters.", number=MAX_LENGTH),
        "known names": _(
            "Please choose a password that is not made of your name, your e-mail address "
            "or the name of this site."
        ),
        "guessable": _(
            "This password is easy to guess, because it is common or follows a simple pattern. "
            "Please choose another one, such as a few words that do not belong together."
        ),
    }[reason]


def in_a_while(moment: datetime) -> str:
    """Return how long it is until a moment: "in 30 seconds", "in 4 minutes"."""
    seconds = max(1, math.ceil((moment - clock.now()).total_seconds()))
    if seconds <= 90:
        return ngettext("in %(num)s second", "in %(num)s seconds", seconds)
    return ngettext("in %(num)s minute", "in %(num)s minutes", math.ceil(seconds / 60))
