"""Short labels: what a role or a limit is called."""

from flask_babel import gettext as _

from mfa_app.core.throttling import limits
from mfa_app.models import Role


def limit_name(limit: limits.Limit) -> str:
    """Return what somebody tried too often."""
    return {
        limits.CODE.name: _("codes"),
        limits.LINKING.name: _("codes to link an app"),
        limits.PASSWORD_UNKNOWN_BROWSER.name: _("passwords, from unknown browsers"),
        limits.PASSWORD_KNOWN_BROWSER.name: _("passwords, from the person's own browser"),
        limits.PASSWORD_NETWORK.name: _("passwords, from one network"),
    }[limit.name]


def role_name(role: str) -> str:
    """Return what a role is called."""
    return {Role.STAFF: _("Staff"), Role.HELPDESK: _("Help desk"), Role.ADMIN: _("Administrator")}[Role(role)]
