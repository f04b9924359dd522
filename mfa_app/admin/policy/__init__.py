"""The rules of groups and of everyone."""

from mfa_app.admin.policy import people, views  # noqa: F401 (their routes)
