"""The page of the site itself: whom people contact, and the applications on the home page."""

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, StringField, TextAreaField
from wtforms.validators import Length, ValidationError

from mfa_app.admin import blueprint
from mfa_app.admin.mail_form import MailForm, mail_form
from mfa_app.core.common import clock, text
from mfa_app.core.common.errors import SetOnServer
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import smtp, trial
from mfa_app.core.operations import mail_settings, site_values
from mfa_app.settings import (
    ResetLeadsTo,
    Settings,
    applications_of,
    email_address,
    office_hours_of,
    phone_number,
    web_address,
)
from mfa_app.site import site as parts
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui.fields import INVALID_CHOICE, one_line
from mfa_app.web.ui.forms import TOP, Form, render_form, shown_at
from mfa_app.wording.link_proofs import AFTER_A_RESET
from mfa_app.wording.mail_server import trouble

TOO_LONG = Length(max=2000, message=_l("Use at most %(max)d characters."))

APPROVALS = {
    "yes": _l("Another helper has to approve a risky reset"),
    "no": _l("Every reset is done at once"),
}

_TYPED = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def _is_email(_form: Form, field: StringField) -> None:
    try:
        field.data and email_address(field.data)
    except ValueError:
        raise ValidationError(_("Enter an email address, such as help@example.com.")) from None


def _is_phone_number(_form: Form, field: StringField) -> None:
    try:
        field.data and phone_number(field.data)
    except ValueError:
        raise ValidationError(_("Enter a telephone number, such as +31 20 555 0100.")) from None


def _is_web_address(_form: Form, field: StringField) -> None:
    try:
        field.data and web_address(field.data)
    except ValueError:
        raise ValidationError(_("Enter a web address, such as https://help.example.com.")) from None


def _are_hours(_form: Form, field: StringField) -> None:
    try:
        field.data and office_hours_of(field.data)
    except ValueError:
        raise ValidationError(
            _("Enter days and times, such as Mon-Fri 08:00-18:00. Separate several with commas.")
        ) from None


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


class SiteForm(Form):
    """What an administrator can set for the site. What the server's settings set is not looked at."""

    refusals_at = shown_at(TOP, SetOnServer)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the values that this form changes."""
        return tuple(name for name in site_values.NAMES if name in self)

    help_email = StringField(
        _l("Email address of the help desk"),
        filters=[one_line],
        validators=[TOO_LONG, _is_email],
        render_kw={**_TYPED, "inputmode": "email"},
    )
    help_phone = StringField(
        _l("Telephone of the help desk"),
        filters=[one_line],
        validators=[TOO_LONG, _is_phone_number],
        render_kw={**_TYPED, "inputmode": "tel"},
    )
    help_url = StringField(
        _l("Web page of the help desk"),
        filters=[one_line],
        validators=[TOO_LONG, _is_web_address],
        render_kw={**_TYPED, "inputmode": "url"},
    )
    admin_email = StringField(
        _l("Email address of the administrator"),
        filters=[one_line],
        validators=[TOO_LONG, _is_email],
        render_kw={**_TYPED, "inputmode": "email"},
    )
    applications = TextAreaField(
        _l("Applications on the home page"),
        filters=[_lines],
        validators=[Length(max=10_000, message=_l("Use at most %(max)d characters.")), _are_applications],
        render_kw={**_TYPED, "rows": 4},
    )
    reset_leads_to = RadioField(
        _l("What a reset of 2-factor authentication leads to"),
        choices=[SelectChoice(choice, words) for choice, words in AFTER_A_RESET.items()],
        default=ResetLeadsTo.LINK,
        invalid_choice_message=_l("Choose what a reset leads to."),
    )
    approve_resets = RadioField(
        _l("Second approval for risky resets"),
        default="yes",
        choices=[SelectChoice(answer, words) for answer, words in APPROVALS.items()],
        invalid_choice_message=INVALID_CHOICE,
    )
    office_hours = StringField(
        _l("Office hours of the help desk"),
        filters=[one_line],
        validators=[TOO_LONG, _are_hours],
        render_kw=_TYPED,
    )


@blueprint.route("/site", methods=["GET", "POST"])
@requires(Permission.MANAGE_SITE)
def site() -> ResponseReturnValue:
    """Show and change what is set for the site."""
    stored, on_server = site_values.stored(), site_values.set_on_server()
    form = SiteForm(data=stored)
    if form.validate_on_submit():
        values = {name: str(form[name].data or "") for name in form.names if name not in on_server}
        with form.refusing():
            changed = site_values.change(values, actor=current_actor())
            return _saved(changed)
    return _page(form, stored, values=form)


@blueprint.post("/site/mail-server")
@requires(Permission.MANAGE_SITE)
def change_mail_server() -> ResponseReturnValue:
    """Change the mail server, its password and the sender."""
    stored = site_values.stored()
    form = mail_form(stored, submitted=True)
    if form.validate_on_submit():
        password, actor = form.password.data or "", current_actor()
        with form.refusing():
            changed = mail_settings.change(form.values(), password, actor=actor, now=clock.now())
            return _saved(changed, "emails")
    return _page(form, stored, mail=form)


def _in_words(name: str) -> str:
    """Return what counts of a value that the server's settings set."""
    values = site_values.current()
    if name == "applications":
        return ", ".join(application.name for application in values.applications)
    if name == "approve_resets":
        return str(APPROVALS["yes" if values.approve_resets else "no"])
    if name == "reset_leads_to":
        return str(AFTER_A_RESET[values.reset_leads_to])
    if name == "office_hours":
        return values.office_hours.text if values.office_hours else _("none")
    return str(getattr(values, name))


@blueprint.post("/site/test-mail")
@requires(Permission.MANAGE_SITE)
def send_test_mail() -> ResponseReturnValue:
    """Send a test email to the administrator who asks for it."""
    trial.send(current_identity().user, actor=current_actor(), now=clock.now())
    return redirect(url_for("admin.site", _anchor="emails"))


def _saved(changed: bool, part: str | None = None) -> ResponseReturnValue:
    flash(_("Saved.") if changed else _("Nothing was different, so nothing has changed."), "success")
    return redirect(url_for("admin.site", _anchor=part))


def _page(
    submitted: Form,
    stored: dict[str, str],
    *,
    values: SiteForm | None = None,
    mail: MailForm | None = None,
) -> Response:
    """Return the page with what is stored, but for the form that this request has sent."""
    current, newest = site_values.current(), trial.newest(current_identity().user)
    error = newest.error if newest else None
    return render_form(
        "admin/site.html",
        form=submitted,
        values_form=values or SiteForm(formdata=None, data=stored),
        mail_form=mail or mail_form(stored, submitted=False),
        usual_sender=parts()[Settings].mail_from,
        on_server=site_values.set_on_server(),
        in_words=_in_words,
        values=current,
        server=smtp.server_facts(current.smtp_url),
        password_is_kept=mail_settings.password_is_kept(stored.get("smtp_url")),
        trial=newest,
        trouble=trouble(error) if error else {},
    )
