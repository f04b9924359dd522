"""The page that takes a file of people."""

from flask import Response, redirect, url_for
from flask.typing import ResponseReturnValue

from mfa_app.admin import blueprint
from mfa_app.admin.imports.forms import ImportForm
from mfa_app.core.common import clock, csv_cells
from mfa_app.core.common.errors import ImportFileRefused
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.imports import stored
from mfa_app.core.imports.file_text import MAX_FILE_BYTES
from mfa_app.web.http.downloads import csv_download
from mfa_app.web.security.access_rules import requires, takes_file
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import render_form
from mfa_app.wording import uploads

# Every version of Excel splits at what the first line names. Plain ASCII needs no byte order mark.
TEMPLATE = (
    ("Email", "Name", "Groups", "Role", "Directory number", "Last day"),
    ("anna@company.example", "Anna Berg", "Finance|Sales", "", "+31 20 555 0101", ""),
    ("bob@company.example", "Bob Smit", "Finance", "helpdesk", "", "2027-03-31"),
)


@blueprint.route("/people/import", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
@takes_file(MAX_FILE_BYTES, too_large=uploads.FILE_OR_LINES_TOO_LARGE)
def import_people() -> ResponseReturnValue:
    """Take a file or pasted lines; a page says then what they would do."""
    form, actor = ImportForm(), current_actor()
    form.offer(groups.all_groups())
    if form.validate_on_submit():
        try:
            options, invite = form.options(), bool(form.invite.data)
            an_import = stored.upload(
                form.content(), form.file_name(), options, invite=invite, actor=actor, now=clock.now()
            )
            return redirect(url_for("admin.people_import", import_id=an_import.id))
        except ImportFileRefused as refusal:
            form.refuse_file(refusal)
    file = {"most": MAX_FILE_BYTES, "too_large": uploads.FILE_TOO_LARGE}
    return render_form("admin/imports/new.html", form, latest=stored.latest(actor=actor), **file)


@blueprint.get("/people/import/template.csv")
@requires(Permission.MANAGE_USERS)
def import_template() -> Response:
    """Download a file to fill in."""
    lines = (csv_cells.line(row, ";") for row in TEMPLATE)
    return csv_download(lines, "people-template", beginning="sep=;\r\n")
