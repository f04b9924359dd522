"""Short labels: what a role or a limit is called."""

from mfa_app.core.throttling import limits
from mfa_app.models import Role
from mfa_app.wording.refusals import _LIMITS, _ROLES


def limit_name(limit: limits.Limit) -> str:
    """Return what somebody tried too often."""
    return str(_LIMITS[limit])


def role_name(role: str) -> str:
    """Return what a role is called."""
    return str(_ROLES[Role(role)])
