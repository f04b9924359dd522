"""The tab "Emails": those that could not be sent, why, and a button that tries them again."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import failed
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.wording.mails import mail_name, tried_again


@blueprint.get("/emails")
@requires(Permission.SEE_USERS)
def failed_mails() -> ResponseReturnValue:
    """A page of the emails that could not be sent to people whom this actor sees."""
    after = request.args.get("after")
    found = failed.page(actor=current_actor(), after=after)
    return render_template(
        "admin/mails.html",
        mails=found.mails,
        mail_name=mail_name,
        given_up=any(mail.next_attempt_at is None for mail in found.mails),
        first_url=url_for("admin.failed_mails") if after else None,
        next_url=found.after and url_for("admin.failed_mails", after=found.after),
    )


@blueprint.post("/emails/<random:mail_id>/try-again")
@requires(Permission.INVITE_AGAIN)
def try_mail_again(mail_id: str) -> ResponseReturnValue:
    """Try one email again."""
    actor = current_actor()
    mail = failed.find(mail_id, actor=actor) or abort(404)
    if failed.try_again(mail, actor=actor, now=clock.now()):
        flash(_("The email to %(email)s is on its way again.", email=mail.to), "success")
    else:
        flash(_("The email to %(email)s is already on its way.", email=mail.to), "info")
    return redirect(url_for("admin.failed_mails"))


@blueprint.post("/emails/try-again")
@requires(Permission.MANAGE_SITE)
def try_mails_again() -> ResponseReturnValue:
    """Try again all emails that failed for good."""
    flash(tried_again(failed.try_all_again(actor=current_actor(), now=clock.now())), "success")
    return redirect(url_for("admin.failed_mails"))
