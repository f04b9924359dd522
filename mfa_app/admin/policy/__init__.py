"""The rules of groups and of everyone."""

from mfa_app.admin.policy import views  # noqa: F401 (its routes)
