"""One's own authentication apps: naming and removing them, and a second factor by one's own choice."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.account import blueprint
from mfa_app.account.forms import AppNameForm
from mfa_app.core.common import clock
from mfa_app.core.factors import enrolment, own_factors
from mfa_app.web.security.access_rules import requires_recent_auth
from mfa_app.web.security.cookies import issue_cookies
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import flash_refusals, render_form


@blueprint.post("/account/apps/<random:app_id>/remove")
@requires_recent_auth
def remove_app(app_id: str) -> ResponseReturnValue:
    """Remove one of the user's apps: the last one only if no policy requires it."""
    with flash_refusals():
        identity = current_identity()
        issue_cookies(enrolment.remove(identity, app_id, actor=current_actor(), now=clock.now()))
        flash(_removed(last=enrolment.has_one_app_alone(identity)), "success")
    return redirect(url_for("account.overview"))


def _removed(*, last: bool) -> str:
    if last:
        return _("2-factor authentication is switched off. You can delete the entry in your app.")
    return _(
        "The app is removed, and its codes no longer work: delete the entry in it. "
        "You've been logged out everywhere else, and your remembered devices are removed."
    )


@blueprint.route("/account/apps/<random:app_id>/name", methods=["GET", "POST"])
@requires_recent_auth
def rename_app(app_id: str) -> ResponseReturnValue:
    """Give one of the user's apps another name."""
    identity = current_identity()
    app = enrolment.app_of(identity, app_id)
    form = AppNameForm(name=app.name)
    if form.validate_on_submit():
        with form.refusing():
            enrolment.rename(identity, app_id, entered(form.name.data), actor=current_actor())
            flash(_("Name saved."), "success")
            return redirect(url_for("account.overview"))
    return render_form("account/name.html", form, passkey=False)


@blueprint.post("/account/authenticator/keep")
@requires_recent_auth
def opt_in() -> ResponseReturnValue:
    """Opt in to being asked for a second factor."""
    with flash_refusals():
        own_factors.opt_in(current_identity(), actor=current_actor())
        flash(_("From now on you'll be asked for a code or passkey when you log in."), "success")
    return redirect(url_for("account.overview"))
