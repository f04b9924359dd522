"""The people whom a previewed rule affects: a list with names for each number of the preview, and as a file.

The values that were previewed are part of the address, so that a list can be opened and passed on.
"""

from collections.abc import Iterator
from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.lookup import group_or_404
from mfa_app.admin.policy.forms import PreviewedRule, as_fields
from mfa_app.core.audit import downloads
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.policy import affected, rules
from mfa_app.core.policy.affected import Whom
from mfa_app.core.policy.foresight import Foresight
from mfa_app.core.policy.impact import Impact
from mfa_app.core.policy.rules import RuleValues
from mfa_app.models import Group
from mfa_app.web.http.downloads import list_download
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.wording.impact import affected_sentences, cell_after, cell_today, list_title


@blueprint.get("/policy/people")
@requires(Permission.MANAGE_POLICY)
def site_policy_people() -> ResponseReturnValue:
    """The people whom a change of the rule for everyone affects in one way."""
    return _page(None)


@blueprint.get("/groups/<row:group_id>/policy/people")
@requires(Permission.MANAGE_POLICY)
def group_policy_people(group_id: int) -> ResponseReturnValue:
    """The people whom a change of one group's rule affects in one way."""
    return _page(group_or_404(group_id).group)


@blueprint.post("/policy/people.csv")
@requires(Permission.MANAGE_POLICY)
def site_policy_people_csv() -> ResponseReturnValue:
    """The same people as a file. The download is recorded, so this is a POST."""
    return _file(None)


@blueprint.post("/groups/<row:group_id>/policy/people.csv")
@requires(Permission.MANAGE_POLICY)
def group_policy_people_csv(group_id: int) -> ResponseReturnValue:
    """The same people as a file."""
    return _file(group_or_404(group_id).group)


def url_of(
    scope: Group | None,
    fields: dict[str, object],
    whom: Whom,
    *,
    file: bool = False,
    after: str | None = None,
) -> str:
    """Return the address of a list, or of its file, for the values in these fields (`forms.as_fields`)."""
    where: dict[str, Any] = {**fields, "whom": whom.value, "after": after}
    kind = "people_csv" if file else "people"
    if scope is None:
        return url_for(f"admin.site_policy_{kind}", **where)
    return url_for(f"admin.group_policy_{kind}", group_id=scope.id, **where)


def linked_lists(scope: Group | None, values: RuleValues, foreseen: Impact) -> list[tuple[str, str]]:
    """Return the lists of a preview that name somebody: each with its address and how many are on it."""
    fields = as_fields(values, rules.version_of(scope))
    return [(url_of(scope, fields, whom), words) for whom, words in affected_sentences(foreseen)]


def _page(scope: Group | None) -> ResponseReturnValue:
    form, now = _previewed(), clock.now()
    values, whom = form.values(scope), Whom(form.whom.data)
    page = affected.page_of(scope, values, whom, now=now, after=request.args.get("after"))
    people = [(one.subject, cell_today(one, whom), cell_after(one)) for one in page.people]
    fields = as_fields(values, rules.version_of(scope))
    return render_template(
        "admin/policy/people.html",
        group=scope,
        title=list_title(whom),
        people=people,
        fields=fields,
        first_url=url_of(scope, fields, whom) if request.args.get("after") else None,
        next_url=page.after and url_of(scope, fields, whom, after=page.after),
        csv_url=url_of(scope, fields, whom, file=True),
    )


def _file(scope: Group | None) -> ResponseReturnValue:
    form = _previewed()
    whom = Whom(form.whom.data)
    found = affected.all_of(scope, form.values(scope), whom, now=clock.now())
    downloads.note(downloads.List.OF_A_RULE, scope.name if scope else "", actor=current_actor())
    return list_download(_rows(found, whom), "people")


def _rows(people: Iterator[Foresight], whom: Whom) -> Iterator[tuple[str, ...]]:
    yield _("Email address"), _("Name"), _("Groups"), _("Today"), _("After this change")
    for one in people:
        user, names = one.subject.user, ", ".join(group.name for group in one.subject.groups)
        yield user.email, user.name, names, cell_today(one, whom), cell_after(one)


def _previewed() -> PreviewedRule:
    form = PreviewedRule(request.args)
    if not form.validate():
        abort(404)
    return form
