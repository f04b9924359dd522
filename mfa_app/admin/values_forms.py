"""The forms of the page "Site" whose fields are values of the site."""

from collections.abc import Callable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import Length, ValidationError

from mfa_app.core.common import days, text
from mfa_app.core.common.errors import NoMailServer, SetOnServer
from mfa_app.core.operations import site_values
from mfa_app.settings import Settings
from mfa_app.settings.values import (
    OWN_WORDS,
    SITE_NAME_CHARACTERS,
    applications_of,
    email_address,
    office_hours_of,
    phone_number,
    web_address,
)
from mfa_app.site import site
from mfa_app.web.ui.fields import AS_TYPED, INVALID_CHOICE, LongSelect, one_line, readable
from mfa_app.web.ui.forms import TOP, Form, shown_at
from mfa_app.wording.link_proofs import AFTER_A_RESET
from mfa_app.wording.site_values import APPROVALS

TOO_LONG = Length(max=2000, message=_l("Use at most %(max)d characters."))


def _as_a_setting(read: Callable[[str], object], sentence: str) -> Callable[[Form, StringField], None]:
    """Return a check that refuses with this sentence what the setting of this kind could not be."""

    def check(_form: Form, field: StringField) -> None:
        try:
            field.data and read(field.data)
        except ValueError:
            raise ValidationError(sentence) from None

    return check


_is_email = _as_a_setting(email_address, _l("Enter an email address, such as help@example.com."))
_is_phone_number = _as_a_setting(phone_number, _l("Enter a telephone number, such as +31 20 555 0100."))
_is_web_address = _as_a_setting(web_address, _l("Enter a web address, such as https://help.example.com."))
_are_hours = _as_a_setting(
    office_hours_of, _l("Enter days and times, such as Mon-Fri 08:00-18:00. Separate several with commas.")
)


def _are_applications(_form: Form, field: TextAreaField) -> None:
    for line in (field.data or "").splitlines():
        try:
            applications_of([line])
        except ValueError:
            raise ValidationError(
                _("Write each line like Wiki = https://wiki.example.com. This one isn't: %(line)s", line=line)
            ) from None


def _lines(value: str | None) -> str:
    """Return typed lines without those that are empty, and without characters that show nothing."""
    return "\n".join(filter(None, map(text.one_line, (value or "").splitlines())))


class ValuesForm(Form):
    """Values of the site, a field each. What the server's settings set is not looked at."""

    refusals_at = shown_at(TOP, SetOnServer)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the values that this form changes."""
        return tuple(name for name in site_values.NAMES if name in self)


class SiteForm(ValuesForm):
    """Whom people contact, and the applications on the home page."""

    help_email = StringField(
        _l("Email address of the help desk"),
        filters=[one_line],
        validators=[TOO_LONG, _is_email],
        render_kw={**AS_TYPED, "inputmode": "email"},
    )
    help_phone = StringField(
        _l("Telephone of the help desk"),
        filters=[one_line],
        validators=[TOO_LONG, _is_phone_number],
        render_kw={**AS_TYPED, "inputmode": "tel"},
    )
    help_url = StringField(
        _l("Web page of the help desk"),
        filters=[one_line],
        validators=[TOO_LONG, _is_web_address],
        render_kw={**AS_TYPED, "inputmode": "url"},
    )
    admin_email = StringField(
        _l("Email address of the administrator"),
        filters=[one_line],
        validators=[TOO_LONG, _is_email],
        render_kw={**AS_TYPED, "inputmode": "email"},
    )
    applications = TextAreaField(
        _l("Applications on the home page"),
        filters=[_lines],
        validators=[Length(max=10_000, message=_l("Use at most %(max)d characters.")), _are_applications],
        render_kw={**AS_TYPED, "rows": 4},
    )


def _zones() -> list[SelectChoice]:
    usual = _("%(zone)s, unless you choose another", zone=site()[Settings].time_zone.key)
    return [SelectChoice("", usual), *(SelectChoice(name, name) for name in days.names_of_zones())]


class LookForm(ValuesForm):
    """What the site is called, and where its days begin and end."""

    display_name = StringField(
        _l("Name on pages and in emails"),
        filters=[one_line],
        validators=[
            Length(max=SITE_NAME_CHARACTERS, message=_l("Use at most %(max)d characters.")),
            readable,
        ],
        render_kw={"autocomplete": "off"},
    )
    time_zone = SelectField(
        _l("Time zone"),
        default="",
        choices=_zones,
        invalid_choice_message=INVALID_CHOICE,
        widget=LongSelect(),
    )


class ResetsForm(ValuesForm):
    """What a reset leads to, and which resets need a second approval."""

    refusals_at = ValuesForm.refusals_at | shown_at("reset_leads_to", NoMailServer)

    reset_leads_to = RadioField(
        _l("What a reset of 2-factor authentication leads to"),
        choices=[SelectChoice(choice, words) for choice, words in AFTER_A_RESET.items()],
        default=site_values.UNTOUCHED["reset_leads_to"],
        invalid_choice_message=_l("Choose what a reset leads to."),
    )
    approve_resets = RadioField(
        _l("Second approval for risky resets"),
        default=site_values.UNTOUCHED["approve_resets"],
        choices=[SelectChoice(answer, words) for answer, words in APPROVALS.items()],
        invalid_choice_message=INVALID_CHOICE,
    )
    office_hours = StringField(
        _l("Office hours of the help desk"),
        filters=[one_line],
        validators=[TOO_LONG, _are_hours],
        render_kw=AS_TYPED,
    )


def _paragraph(label: str) -> TextAreaField:
    """Return a field for a paragraph of the company's own."""
    return TextAreaField(
        label,
        filters=[one_line],
        validators=[Length(max=OWN_WORDS, message=_l("Use at most %(max)d characters.")), readable],
        render_kw={"rows": 3},
    )


class TextsForm(ValuesForm):
    """What the company itself says to people."""

    linking_text = _paragraph(_l("On the page where people link an app"))
    mail_text = _paragraph(_l("In the emails"))
