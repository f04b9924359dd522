"""The form for the mail server, its password and the sender of the emails."""

from collections.abc import Mapping
from typing import ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, SelectChoice, SelectField, StringField
from wtforms.validators import Length, ValidationError

from mfa_app.core.common.errors import MailPasswordNeeded, SetOnServer
from mfa_app.core.mail import smtp_url
from mfa_app.core.mail.smtp_url import PORTS, ServerFacts
from mfa_app.core.operations import site_values
from mfa_app.settings.values import sender_address
from mfa_app.web.ui.fields import AS_TYPED, INVALID_CHOICE, entered, one_line, readable
from mfa_app.web.ui.forms import TOP, Form, shown_at

_LONG = Length(max=300, message=_l("Use at most %(max)d characters."))


class MailForm(Form):
    """The mail server and the sender. What the server's settings set is not looked at."""

    refusals_at: ClassVar = {**shown_at("password", MailPasswordNeeded), **shown_at(TOP, SetOnServer)}

    host = StringField(_l("Mail server"), filters=[one_line], validators=[_LONG], render_kw=AS_TYPED)
    scheme = SelectField(
        _l("Encryption"),
        choices=[
            SelectChoice("smtp+starttls", _l("STARTTLS, mostly port 587")),
            SelectChoice("smtps", _l("TLS from the start, mostly port 465")),
            SelectChoice("smtp", _l("None, mostly port 25")),
        ],
        validate_choice=False,
    )
    port = StringField(
        _l("Port"), filters=[one_line], validators=[_LONG], render_kw={**AS_TYPED, "inputmode": "numeric"}
    )
    user = StringField(_l("User name"), filters=[one_line], validators=[_LONG, readable], render_kw=AS_TYPED)
    password = PasswordField(_l("Password"), validators=[_LONG], render_kw={"autocomplete": "new-password"})
    mail_from = StringField(
        _l("Sender"), filters=[one_line], validators=[_LONG], render_kw={**AS_TYPED, "inputmode": "email"}
    )

    def validate_host(self, field: StringField) -> None:
        """Reject all but a host name or an IP address: this names no page, no port and no other protocol."""
        try:
            field.data and smtp_url.host_of(field.data)
        except ValueError:
            raise ValidationError(
                _("Enter the name of the mail server alone, such as mail.example.com.")
            ) from None

    def validate_scheme(self, field: SelectField) -> None:
        """Reject what the page does not offer, in a sentence of ours."""
        if field.data not in PORTS:
            raise ValidationError(INVALID_CHOICE)

    def validate_port(self, field: StringField) -> None:
        """Reject what is no port. Empty is the usual one."""
        if field.data and not (field.data.isdecimal() and 1 <= int(field.data) <= 65535):
            raise ValidationError(_("Enter a whole number from 1 to 65535, such as 587."))

    def validate_mail_from(self, field: StringField) -> None:
        """Reject what no email can come from. Empty is the usual sender."""
        try:
            field.data and sender_address(field.data)
        except ValueError:
            raise ValidationError(_("Enter an email address, such as second-gate@example.com.")) from None

    @property
    def url(self) -> str:
        """Return the address of the mail server, without a password; "" if there is none."""
        if not self.host.data:
            return ""
        scheme, host = entered(self.scheme.data), smtp_url.host_of(self.host.data)
        return ServerFacts(host, int(self.port.data or PORTS[scheme]), scheme, self.user.data or None).url

    def values(self) -> dict[str, str]:
        """Return what is to be stored: all of it that the server's settings leave open."""
        typed = {"smtp_url": self.url, "mail_from": self.mail_from.data or ""}
        return {name: typed[name] for name in typed if name not in site_values.set_on_server()}


def mail_form(stored: Mapping[str, str], *, submitted: bool) -> MailForm:
    """Return the form with what is stored, and with what this request has sent if it is `submitted`."""
    server = smtp_url.server_facts(stored.get("smtp_url"))
    fields = {"mail_from": stored.get("mail_from", "")}
    if server is not None:
        port = "" if server.has_usual_port else str(server.port)
        fields |= {"host": server.host, "scheme": server.scheme, "port": port, "user": server.user or ""}
    return MailForm(data=fields) if submitted else MailForm(formdata=None, data=fields)
