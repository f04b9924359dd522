"""Groups: their members and their names."""

from mfa_app.admin.groups import views  # noqa: F401 (its routes)
