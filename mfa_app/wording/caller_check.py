"""How a caller was checked, in the words of the forms of the help desk."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from mfa_app.core.helpdesk.caller_check import Way

# What the pages offer. At the terminal there can be no caller at all.
CHOICES: dict[Way, str] = {
    Way.CALLED_BACK: _l("I called back on the number in the directory"),
    Way.IN_PERSON: _l("In person: I know them or saw their badge"),
    Way.ANOTHER: _l("Another way"),
}


def called_back_on(number: str | None) -> str:
    """Return the choice of who called back; it says the number in the directory if it is known."""
    if not number:
        return str(CHOICES[Way.CALLED_BACK])
    return _("I called back on the directory number %(number)s", number=number)
