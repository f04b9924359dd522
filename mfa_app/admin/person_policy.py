"""What holds for one person alone: a requirement of the person's own, or an exemption with its end."""

from flask import Response, flash, redirect, url_for
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.people_forms import ExemptionForm
from mfa_app.admin.subjects import person_or_refusal
from mfa_app.core import clock, permissions, rules
from mfa_app.core.errors import LastAdministrator, OwnRequirement
from mfa_app.core.permissions import Permission
from mfa_app.web.actors import current_actor
from mfa_app.web.fields import page
from mfa_app.web.marks import requires
from mfa_app.web.messages import sentence
from mfa_app.web.policy_words import standing_sentence


@blueprint.route("/people/<row:user_id>/policy", methods=["GET", "POST"])
@requires(Permission.MANAGE_POLICY)
def person_policy(user_id: int) -> Response:
    """Show what holds and why; give an exemption."""
    form, actor, now = ExemptionForm(), current_actor(), clock.now()
    found = person_or_refusal(user_id, to_change=form.is_submitted())
    if form.validate_on_submit():
        rules.exempt(found.user, until=form.until_moment(), reason=form.reason.data, actor=actor)
        flash(_("The exemption is saved."), "success")
        return redirect(url_for("admin.person", user_id=user_id))
    return page(
        "admin/person_policy.html",
        form,
        person=found.user,
        standing=standing_sentence(found, now),
        exempt=found.user.exempt_until is not None and found.user.exempt_until > now,
        may_exempt=permissions.may_act_on(actor, found.user),
    )


@blueprint.post("/people/<row:user_id>/policy/require")
@requires(Permission.MANAGE_POLICY)
def require_of_person(user_id: int) -> Response:
    """Require 2FA of this person, whatever the groups say."""
    return _set_requirement(user_id, True)


@blueprint.post("/people/<row:user_id>/policy/release")
@requires(Permission.MANAGE_POLICY)
def release_person(user_id: int) -> Response:
    """Leave it to the groups again."""
    return _set_requirement(user_id, False)


@blueprint.post("/people/<row:user_id>/policy/end-exemption")
@requires(Permission.MANAGE_POLICY)
def end_exemption(user_id: int) -> Response:
    """End the person's exemption now."""
    rules.end_exemption(person_or_refusal(user_id).user, actor=current_actor())
    flash(_("The exemption has ended."), "success")
    return redirect(url_for("admin.person", user_id=user_id))


def _set_requirement(user_id: int, required: bool) -> Response:
    user = person_or_refusal(user_id).user
    try:
        rules.set_requirement(user, required, actor=current_actor(), now=clock.now())
        flash(_("Saved."), "success")
    except (LastAdministrator, OwnRequirement) as refusal:
        flash(sentence(refusal), "danger")
    return redirect(url_for("admin.person", user_id=user_id))
