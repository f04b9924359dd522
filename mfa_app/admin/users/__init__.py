"""Users: the list, one user, and the overrides of the policy for one user."""

from mfa_app.admin.users import (  # noqa: F401 (their routes)
    access_pass,
    approval,
    detail,
    factors,
    invitations,
    list,
    many,
    policy,
    scope,
    timeline,
)
