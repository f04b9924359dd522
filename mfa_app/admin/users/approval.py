"""A reset that waits for a second approval: what was asked for, and the answer to it."""

from datetime import datetime

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length, ValidationError

from mfa_app.admin import blueprint
from mfa_app.admin.users.lookup import get_user_or_deny
from mfa_app.admin.users.responses import to_page_of, what_was_reset
from mfa_app.admin.users.whom import whom
from mfa_app.core.common import clock
from mfa_app.core.common.errors import (
    ApprovalGone,
    AskerLostRight,
    HelpRequestGone,
    LockedByOwner,
    OwnApproval,
    ResetOfClosedAccount,
)
from mfa_app.core.common.permissions import Permission
from mfa_app.core.helpdesk import approval_list, approvals, next_login, requests
from mfa_app.core.helpdesk.approval_list import Waiting
from mfa_app.models import User
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import INVALID_CHOICE, one_line, readable
from mfa_app.web.ui.forms import TOP, Form, render_form, shown_at
from mfa_app.wording.approvals import check_in_words, outcome, risks_in_words

APPROVE, REFUSE = "approve", "refuse"


class AnswerForm(Form):
    """The answer to a reset that waits, with the id of what the page showed. A refusal needs a reason."""

    refusals_at = shown_at(
        TOP,
        ApprovalGone,
        OwnApproval,
        AskerLostRight,
        LockedByOwner,
        ResetOfClosedAccount,
        HelpRequestGone,
    )

    shown = HiddenField()
    answer = HiddenField()  # the button that was pressed
    reason = TextAreaField(
        _l("Reason"),
        filters=[one_line],
        validators=[Length(max=500, message=_l("Use at most %(max)d characters for the reason.")), readable],
        render_kw={"rows": 2, "placeholder": _l("For example: they say on the phone that they never asked")},
    )

    def validate_answer(self, field: HiddenField) -> None:
        """Accept the values of the two buttons alone."""
        if field.data not in (APPROVE, REFUSE):
            raise ValidationError(INVALID_CHOICE)

    def validate_reason(self, field: TextAreaField) -> None:
        """Ask for a reason of who refuses."""
        if self.answer.data == REFUSE and len(field.data or "") < 5:
            raise ValidationError(
                _("Use at least 5 characters for the reason. It is kept in the audit trail.")
            )


@blueprint.route("/people/<row:user_id>/approval", methods=["GET", "POST"])
@requires(Permission.RESET_SECOND_FACTOR)
def approval(user_id: int) -> ResponseReturnValue:
    """What waits for an approval about a user, or what has become of it; approve or refuse it."""
    found, form, now = get_user_or_deny(user_id, to_change=True), AnswerForm(), clock.now()
    user = found.user
    if form.validate_on_submit():
        with form.refusing():
            return _answer(user, form, now)
    waiting = approval_list.of_user(user, now=now)
    form.shown.data, form.answer.data = waiting.id if waiting else None, None
    about = _about(user, waiting, now) if waiting else _outcome(user, form)
    return render_form("admin/users/approval.html", form, approval=waiting, **whom(found), **about)


def _answer(user: User, form: AnswerForm, now: datetime) -> ResponseReturnValue:
    shown, actor = form.shown.data or "", current_actor()
    if form.answer.data == APPROVE:
        approvals.approve(user, shown, actor=actor, now=now)
        return to_page_of(user, what_was_reset(user))
    approvals.refuse(user, shown, reason=form.reason.data or "", actor=actor, now=now)
    return to_page_of(user, _("Refused. Nothing was reset for %(name)s.", name=user.name))


def _about(user: User, waiting: Waiting, now: datetime) -> dict[str, object]:
    """Return what is asked for, and the request whose number was read out, while it is open."""
    request = requests.find_open(user, now=now) if waiting.request_id else None
    return {
        "own": waiting.asked_by_id == current_actor().user_id,
        "checked": check_in_words(waiting.checked, user.directory_number),
        "risks": risks_in_words(waiting.risks),
        "read_out": request if request and request.id == waiting.request_id else None,
        "stopped": requests.was_stopped(user, now=now),
        "next_login": next_login.after_reset(user, now=now),
    }


def _outcome(user: User, form: AnswerForm) -> dict[str, object]:
    """Return what has become of it. An answer of any kind comes too late."""
    if form.errors and form.refusal is None:
        form.reason.errors = []
        form.refuse(ApprovalGone())
    return {"outcome": outcome(approval_list.story_of(user), user.name or user.email)}
