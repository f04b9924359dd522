"""The tab "Requests": who waits for a reset or an approval, and the field for the number that is read out."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.admin import blueprint
from mfa_app.admin.users.caller_forms import RequestNumberForm
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.helpdesk import approval_list, queue
from mfa_app.core.helpdesk.requests import OPEN_HOURS
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form
from mfa_app.wording.approvals import check_in_words, risks_in_words
from mfa_app.wording.events import event_name


@blueprint.route("/requests", methods=["GET", "POST"])
@requires(Permission.RESET_SECOND_FACTOR)
def help_requests() -> ResponseReturnValue:
    """The queue. The form for a reset opens for the number that the caller reads out, and by no click."""
    form, actor, now, after = RequestNumberForm(), current_actor(), clock.now(), request.args.get("after")
    if form.validate_on_submit():
        with form.refusing():
            caller = queue.find_caller(entered(form.number.data), actor=actor, now=now)
            return redirect(url_for("admin.reset_user", user_id=caller.user_id, request=caller.request_id))
    found = queue.page(actor=actor, now=now, after=after)
    return render_form(
        "admin/help_requests.html",
        form,
        entries=found.entries,
        approvals=approval_list.waiting_for(actor, now=now) if not after else (),
        words={"risks": risks_in_words, "check": check_in_words},
        hours=OPEN_HOURS,
        event_name=event_name,
        first_url=url_for("admin.help_requests") if after else None,
        next_url=found.after and url_for("admin.help_requests", after=found.after),
    )
