"""The audit trail: search, pages and download."""

from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.admin import blueprint
from mfa_app.admin.audit.csv_export import for_people, for_programs
from mfa_app.admin.audit.forms import TrailFilter
from mfa_app.core.audit import search as core
from mfa_app.core.common.permissions import Permission
from mfa_app.web.http.downloads import Dialect, asked_dialect, list_download
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import render_form
from mfa_app.wording.trail import trail_days


@blueprint.get("/trail")
@requires(Permission.READ_TRAIL)
def trail() -> ResponseReturnValue:
    """The events that match the search, newest first."""
    form, before = TrailFilter(request.args), request.args.get("before", type=int)
    form.offer()
    found = core.read(form.search(), before=before) if form.validate() else core.TrailPage()
    return _trail_page(form, found, paged=before is not None)


@blueprint.post("/trail.csv")
@requires(Permission.READ_TRAIL)
def trail_csv() -> ResponseReturnValue:
    """Download everything that matches the search. The download is recorded, so this is a POST."""
    form = TrailFilter(request.form)
    form.offer()
    if not form.validate():
        return _trail_page(form, core.TrailPage())
    found = core.export(form.search(), actor=current_actor())
    rows = for_people(found) if asked_dialect() is Dialect.EXCEL else for_programs(found)
    return list_download(rows, "audit-trail")


def _trail_page(form: TrailFilter, found: core.TrailPage, *, paged: bool = False) -> Response:
    chosen: dict[str, Any] = {} if form.errors else form.chosen()
    return render_form(
        "admin/audit/trail.html",
        form,
        days=trail_days(found.rows),
        chosen=chosen,
        newest_url=url_for("admin.trail", **chosen) if paged else None,
        older_url=found.before and url_for("admin.trail", **chosen, before=found.before),
    )
