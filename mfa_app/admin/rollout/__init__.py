"""The board of a roll-out, for a group and for all, and reminders."""

from mfa_app.admin.rollout import views  # noqa: F401 (its routes)
