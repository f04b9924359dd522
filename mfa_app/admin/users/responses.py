"""How an action on a user is answered: a sentence, on the page of that user."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from mfa_app.models import User
from mfa_app.wording.lookalikes import lookalike_warning


def warn_of_lookalikes(user: User) -> None:
    """Warn if the email address has letters that look like others."""
    warning = lookalike_warning(user.email)
    if warning is not None:
        flash(warning, "warning")


def to_page_of(user: User, done: str | None = None) -> ResponseReturnValue:
    """Redirect to the user's page, which says what was done, if anything was."""
    if done:
        flash(done, "success")
    return redirect(url_for("admin.user", user_id=user.id))
