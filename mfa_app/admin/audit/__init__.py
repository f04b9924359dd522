"""The audit trail: search and download."""

from mfa_app.admin.audit import views  # noqa: F401 (its routes)
