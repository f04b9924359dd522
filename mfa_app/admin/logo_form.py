"""The form that sends a logo."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import ValidationError

from mfa_app.core.common.errors import LogoRefused
from mfa_app.core.operations.logo import MAX_BYTES
from mfa_app.web.ui.fields import FileField
from mfa_app.web.ui.forms import Form, shown_at


class LogoForm(Form):
    """A picture."""

    refusals_at = shown_at("logo", LogoRefused)

    logo = FileField(_l("Picture"), render_kw={"accept": "image/png,image/jpeg,image/webp"})

    def validate_logo(self, field: FileField) -> None:
        """Ask for a picture."""
        if not field.data:
            raise ValidationError(_("Choose a picture."))

    def content(self) -> bytes:
        """Return what was sent, one byte more than is allowed at most."""
        if not self.logo.data:
            return b""
        with self.logo.data.stream as sent:
            content: bytes = sent.read(MAX_BYTES + 1)
            return content
