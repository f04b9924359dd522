"""The rule for everyone and the rules of groups: the form, the preview of a change, and the change."""

from datetime import date, datetime

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.lookup import group_or_404
from mfa_app.admin.policy.forms import RuleToSave, as_fields
from mfa_app.admin.policy.people import linked_lists
from mfa_app.core.common import clock
from mfa_app.core.common.errors import RuleChanged
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.policy import impact, rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.rollout import rule_mails
from mfa_app.models import Group
from mfa_app.site import site
from mfa_app.web.mail_composer import MailComposer, Written
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import render_form
from mfa_app.wording.impact import impact_sentences
from mfa_app.wording.refusals import sentence
from mfa_app.wording.rollout import mails_in_words
from mfa_app.wording.rules import kind_of_change, rule_in_full, rule_state


@blueprint.route("/policy", methods=["GET", "POST"])
@requires(Permission.MANAGE_POLICY)
def site_policy() -> ResponseReturnValue:
    """Show the rule for everyone and an overview of the groups' rules; save the rule once it is confirmed."""
    return _show_or_save(None)


@blueprint.post("/policy/preview")
@requires(Permission.MANAGE_POLICY)
def preview_site_policy() -> ResponseReturnValue:
    """Show what a change of the rule for everyone would do."""
    return _preview_or_form(None)


@blueprint.route("/groups/<row:group_id>/policy", methods=["GET", "POST"])
@requires(Permission.MANAGE_POLICY)
def group_policy(group_id: int) -> ResponseReturnValue:
    """Show the rule of one group; save it once it is confirmed."""
    return _show_or_save(group_or_404(group_id).group)


@blueprint.post("/groups/<row:group_id>/policy/preview")
@requires(Permission.MANAGE_POLICY)
def preview_group_policy(group_id: int) -> ResponseReturnValue:
    """Show what a change of one group's rule would do."""
    return _preview_or_form(group_or_404(group_id).group)


def _show_or_save(scope: Group | None) -> ResponseReturnValue:
    form, rule = RuleToSave(), rules.row_of(scope)
    form.show(rule)
    if form.validate_on_submit():
        return _save(scope, form)
    return _form(scope, form)


def _preview_or_form(scope: Group | None) -> ResponseReturnValue:
    form = RuleToSave()
    if not form.validate_on_submit() or form.back.data:
        return _form(scope, form)
    rule = rules.row_of(scope)  # held, so that the page shows one state of the rule
    changed = RuleChanged() if form.seen_version() != rule.rule_version else None
    return _preview(scope, form.values(scope), form.mail_text.data or "", changed=changed)


def _save(scope: Group | None, form: RuleToSave) -> ResponseReturnValue:
    values, mail_text, version = form.values(scope), form.mail_text.data or "", form.seen_version()
    actor, now = current_actor(), clock.now()
    try:
        rules.set_rule(scope, values, mail_text=mail_text, expected_version=version, actor=actor, now=now)
    except RuleChanged as refusal:
        return _preview(scope, values, mail_text, changed=refusal)
    if scope is None:
        flash(_("Rule for everyone saved."), "success")
        return redirect(url_for("admin.site_policy"))
    flash(_("Rule for %(name)s saved.", name=scope.name), "success")
    return redirect(url_for("admin.group", group_id=scope.id))


def _form(scope: Group | None, form: RuleToSave) -> Response:
    return render_form(
        "admin/policy/rule.html",
        form,
        group=scope,
        rosters=[] if scope else groups.all_with_counts(),
        present=rules.values_of(scope),
    )


def _preview(
    scope: Group | None, after: RuleValues, mail_text: str, *, changed: RuleChanged | None
) -> Response:
    """Show what a change would do to the rule as it is now; `changed` if that isn't the rule seen before."""
    now, rule, before = clock.now(), rules.row_of(scope), rules.values_of(scope)
    foresight = impact.preview_impact(scope, after, now=now)
    fields = as_fields(after, rule.rule_version, mail_text)
    mails = rule_mails.announcements(before, after, now=now)
    page = render_template(
        "admin/policy/preview.html",
        group=scope,
        changed=sentence(changed) if changed else None,
        turning=kind_of_change(before, after, reworded=mail_text != (rule.mail_text or "")),
        before=rule_in_full(before, now),
        after=rule_in_full(after, now),
        values=after,
        state=rule_state(after, now),
        foresight=foresight,
        sentences=impact_sentences(foresight, before, after),
        mails=mails_in_words(mails),
        example=_example(after, mail_text, mails, now) if after.required else None,
        in_force=before.in_force(now),
        names_limit=impact.MAX_NAMED,
        fields=fields,
        lists=linked_lists(scope, after, foresight),
    )
    return make_response(page, 409 if changed else 200)


def _example(rule: RuleValues, mail_text: str, mail_days: list[date], now: datetime) -> Written:
    """Return the first email of a rule, as somebody without a second factor gets it."""
    mail, said = rule_mails.example(rule, mail_days, now=now)
    return site()[MailComposer].example(mail, **said, own_words=mail_text, at=now, name=_("Name"))
