"""How people reach the help desk, in words and as a link."""

from flask_babel import gettext as _

from mfa_app.settings.values import DIGITS


def whom_to_ask(email: str | None, phone: str | None) -> str:
    """Return whom to ask, for the middle of a sentence."""
    whom = email or _("your help desk")
    return _("%(whom)s (telephone %(phone)s)", whom=whom, phone=phone) if phone else whom


def tel_url(phone: str) -> str:
    """Return the address that dials a telephone number (RFC 3966).

    The (0) in +31 (0)20 is for callers in the country, who don't dial what stands before it.
    """
    if phone.startswith("+"):
        phone = phone.replace("(0)", "")
    return "tel:" + "".join(letter for letter in phone if letter in DIGITS + "+")
