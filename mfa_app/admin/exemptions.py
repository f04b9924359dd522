"""The tab "Exemptions": who is exempt, until when and why. One is changed on the person's page."""

from collections.abc import Iterator

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.admin import blueprint
from mfa_app.core.audit import downloads
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.users import exemptions as in_force
from mfa_app.web.http.downloads import list_download
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.wording import exemptions as words


@blueprint.get("/exemptions")
@requires(Permission.MANAGE_POLICY)
def exemptions() -> ResponseReturnValue:
    """A page of those who are exempt."""
    after = request.args.get("after")
    found = in_force.page(now=clock.now(), after=after)
    return render_template(
        "admin/exemptions.html",
        people=found.people,
        first_url=url_for("admin.exemptions") if after else None,
        next_url=found.after and url_for("admin.exemptions", after=found.after),
    )


@blueprint.post("/exemptions.csv")
@requires(Permission.MANAGE_POLICY)
def exemptions_csv() -> ResponseReturnValue:
    """Download who is exempt. The download is recorded, so this is a POST."""
    downloads.note(downloads.List.EXEMPT, "", actor=current_actor())
    return list_download(_rows(), "exemptions")


def _rows() -> Iterator[tuple[str, ...]]:
    yield words.CSV_COLUMNS
    yield from map(words.csv_cells_of, in_force.all_in_force(now=clock.now()))
