"""Files of people to download. Each download is recorded, so it is a POST."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.admin import blueprint
from mfa_app.admin.imports.lookup import get_import_or_404
from mfa_app.admin.users.forms import UserFilter
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.imports import export, result
from mfa_app.core.imports.plan import Outcome
from mfa_app.core.users import directory
from mfa_app.web.http.downloads import asked_dialect, csv_download
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.wording.imports import result_titles, result_words


@blueprint.post("/people.csv")
@requires(Permission.MANAGE_USERS)
def people_csv() -> ResponseReturnValue:
    """Download all people whom the list shows, on however many pages."""
    form, actor = UserFilter(request.form), current_actor()
    form.offer(groups.all_groups(), directory.roles_seen_by(actor))
    if not form.validate():
        return redirect(url_for("admin.user_list"))
    dialect = asked_dialect()
    lines = export.export(form.filters(), delimiter=dialect.delimiter, actor=actor, now=clock.now())
    return csv_download(lines, "people", beginning=dialect.beginning)


@blueprint.post("/imports/<random:import_id>/result.csv")
@requires(Permission.MANAGE_USERS)
def import_result(import_id: str) -> ResponseReturnValue:
    """Download the file of an import, each row with what it does or did."""
    an_import, dialect = get_import_or_404(import_id), asked_dialect()
    only = Outcome.WRONG if request.form.get("only") == Outcome.WRONG else None
    lines = result.download(
        an_import,
        result_titles(),
        result_words,
        only=only,
        delimiter=dialect.delimiter,
        actor=current_actor(),
    )
    return csv_download(lines, "import", beginning=dialect.beginning)
