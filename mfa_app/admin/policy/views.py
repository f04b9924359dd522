"""The rule for everyone and the rules of groups: first a preview of a change, then the change."""

from flask import Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.policy.forms import RuleForm, as_fields
from mfa_app.core.common import clock
from mfa_app.core.common.errors import LastAdministrator
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.policy import impact, rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.models import Group
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import render_form
from mfa_app.wording.rules import kind_of_change, rule_sentence, rule_state


@blueprint.route("/policy", methods=["GET", "POST"])
@requires(Permission.MANAGE_POLICY)
def site_policy() -> Response:
    """The rule for everyone, and an overview of the groups' rules."""
    return _rule_page(None, url_for("admin.site_policy"))


@blueprint.route("/groups/<row:group_id>/policy", methods=["GET", "POST"])
@requires(Permission.MANAGE_POLICY)
def group_policy(group_id: int) -> Response:
    """The rule of one group."""
    roster = groups.find_with_counts(group_id) or abort(404)
    return _rule_page(roster.group, url_for("admin.group", group_id=group_id))


def _rule_page(scope: Group | None, home: str) -> Response:
    form, present = RuleForm(), rules.values_of(scope)
    form.show(present)
    if form.validate_on_submit() and not form.back.data:
        if not form.confirm.data:
            return _preview(scope, present, form.values())
        try:
            rules.set_rule(scope, form.values(), actor=current_actor(), now=clock.now())
            flash(_("Rule for %(name)s saved.", name=scope.name) if scope else _saved(), "success")
            return redirect(home)
        except LastAdministrator as refusal:
            form.refuse(refusal)
    return render_form(
        "admin/policy/rule.html",
        form,
        group=scope,
        rosters=[] if scope else groups.all_with_counts(),
        present=present,
    )


def _saved() -> str:
    return _("Rule for everyone saved.")


def _preview(scope: Group | None, before: RuleValues, after: RuleValues) -> str:
    now = clock.now()
    return render_template(
        "admin/policy/preview.html",
        group=scope,
        turning=kind_of_change(before, after),
        before=rule_sentence(before, now),
        after=rule_sentence(after, now),
        values=after,
        state=rule_state(after, now),
        foresight=impact.preview_impact(scope, now=now),
        names_limit=impact.MAX_ADMINISTRATORS_NAMED,
        fields=as_fields(after),
    )
