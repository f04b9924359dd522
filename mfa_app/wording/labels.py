"""Short labels: what a role or a limit is called."""

from flask_babel import lazy_gettext as _l

from mfa_app.core.throttling import limits
from mfa_app.models import Role

_LIMITS: dict[limits.Limit, str] = {
    limits.CODE: _l("codes"),
    limits.LINKING: _l("codes to link an app"),
    limits.PASSWORD_UNKNOWN_BROWSER: _l("passwords, from unknown browsers"),
    limits.PASSWORD_KNOWN_BROWSER: _l("passwords, from the person's own browser"),
    limits.PASSWORD_NETWORK: _l("passwords, from one network"),
}


_ROLES: dict[Role, str] = {
    Role.STAFF: _l("Staff"),
    Role.HELPDESK: _l("Help desk"),
    Role.ADMIN: _l("Administrator"),
}


def limit_name(limit: limits.Limit) -> str:
    """Return what was tried too often."""
    return str(_LIMITS[limit])


def role_name(role: str) -> str:
    """Return what a role is called."""
    return str(_ROLES[Role(role)])
