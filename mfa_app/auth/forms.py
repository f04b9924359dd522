"""The forms for login and one-time links. They check the shape of the input; the core checks the rest."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectChoice, StringField
from wtforms.validators import Length, ValidationError

from mfa_app.core.common.errors import (
    AccountClosed,
    AccountLocked,
    AlreadySetUp,
    AuthenticatorLocked,
    EmailTaken,
    ExplainedCode,
    HelpRequestStopped,
    InvalidEmail,
    NotABreakGlassCode,
    NotACode,
    NotAnAccessPass,
    NotAnEmailCode,
    PasskeyRefused,
    PasskeyRequired,
    PasswordLocked,
    Throttled,
    TooManyHelpRequests,
    UnacceptablePassword,
    UsedBreakGlassCode,
    UsedCode,
    WrongAccessPass,
    WrongBreakGlassCode,
    WrongCode,
    WrongCredentials,
    WrongEmailCode,
    WrongPassword,
)
from mfa_app.web.ui.fields import (
    access_pass_field,
    break_glass_code_field,
    code_field,
    email_code_field,
    email_field,
    entered,
    name_field,
    one_line,
    password_field,
    readable,
    recovery_code_field,
)
from mfa_app.web.ui.forms import TOP, Form, shown_at

OTHER = "other"  # the answer that needs words

LOST = {
    "lost": _l("My phone is lost or stolen"),
    "new": _l("I have a new phone and no longer have the old one"),
    "broken": _l("My phone is broken, or the app is gone"),
    "passkey": _l("My passkey or security key is lost or broken"),
    OTHER: _l("Something else"),
}

AT_THE_CODE = shown_at(
    "code",
    NotACode,
    PasskeyRefused,
    PasskeyRequired,
    WrongCode,
    ExplainedCode,
    UsedCode,
    AuthenticatorLocked,
    Throttled,
)


class LoginForm(Form):
    """The password step."""

    refusals_at = shown_at(TOP, WrongCredentials, AccountLocked, AccountClosed, PasswordLocked, Throttled)

    email = email_field()
    password = password_field()


class LinkLoginForm(Form):
    """The password step after an enrolment link, which says whose password it is."""

    refusals_at = shown_at(
        "password", WrongCredentials, AccountLocked, AccountClosed, PasswordLocked, Throttled
    )

    password = password_field()


class CodeForm(Form):
    """The code step."""

    refusals_at = AT_THE_CODE

    code = code_field()
    remember = BooleanField(default=True)


class RecoveryForm(Form):
    """The code step with a recovery code."""

    refusals_at = AT_THE_CODE

    code = recovery_code_field()


class BreakGlassForm(Form):
    """A break-glass code, in place of the second gate."""

    refusals_at = shown_at(
        "code",
        NotABreakGlassCode,
        WrongBreakGlassCode,
        UsedBreakGlassCode,
        AuthenticatorLocked,
        Throttled,
    )

    code = break_glass_code_field()


class AccessPassForm(Form):
    """An access pass, before linking after a reset."""

    refusals_at = shown_at("code", NotAnAccessPass, WrongAccessPass, AuthenticatorLocked, Throttled)

    code = access_pass_field()


class EmailCodeForm(Form):
    """A code from an email, before linking after a reset."""

    refusals_at = shown_at("code", NotAnEmailCode, WrongEmailCode, AuthenticatorLocked, Throttled)

    code = email_code_field()


class ConfirmByCodeForm(Form):
    """Reauthentication by code."""

    refusals_at = AT_THE_CODE

    code = code_field()


class ConfirmByPasswordForm(Form):
    """Reauthentication by password, for a user without an authenticator."""

    refusals_at = shown_at("password", WrongPassword, PasswordLocked, Throttled)

    password = password_field()


class ForgottenForm(Form):
    """The email address to send a password reset link to."""

    refusals_at = shown_at("email", InvalidEmail) | shown_at(TOP, Throttled)

    email = email_field()


class LinkForm(Form):
    """The button of a page that a mailed link has opened, with the id of that link."""

    link = HiddenField()


class ChoosePasswordForm(LinkForm):
    """A new password."""

    refusals_at = shown_at("password", UnacceptablePassword, Throttled)

    password = password_field(_l("New password"), new=True)


class HelpRequestForm(Form):
    """Why somebody asks the help desk for a reset: one of the usual reasons, or their own words."""

    refusals_at = shown_at(TOP, TooManyHelpRequests, HelpRequestStopped)

    lost = RadioField(
        _l("What happened?"),
        choices=[SelectChoice(answer, words) for answer, words in LOST.items()],
        invalid_choice_message=_l("Choose what happened."),
    )
    words = StringField(
        _l("In your own words"),
        filters=[one_line],
        validators=[Length(max=300, message=_l("Use at most %(max)d characters.")), readable],
        render_kw={"autocomplete": "off"},
    )

    def validate_words(self, field: StringField) -> None:
        """Ask for words where no other answer fits."""
        if self.lost.data == OTHER and not field.data:
            raise ValidationError(_l("Say in a few words what happened."))

    def reason_in_words(self) -> str:
        """Return the answer and the words as one sentence for the help desk."""
        answer = None if self.lost.data == OTHER else str(LOST[entered(self.lost.data)])
        return ": ".join(filter(None, (answer, self.words.data)))


class SetupForm(Form):
    """The first administrator."""

    refusals_at = shown_at("email", InvalidEmail, EmailTaken, AlreadySetUp) | shown_at(
        "password", UnacceptablePassword
    )

    name = name_field(
        _l("Your name"),
        missing=_l("Enter your name."),
        longest=300,
        too_long=_l("Use at most %(max)d characters for a name."),
        autocomplete="name",
    )
    email = email_field()
    password = password_field(_l("Password"), new=True)
