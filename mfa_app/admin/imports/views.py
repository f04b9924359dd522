"""The page of one import: how far it has come, what each row does, and the buttons about it."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.imports.forms import SaveForm
from mfa_app.admin.imports.lookup import get_import_or_404
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.imports import stored
from mfa_app.core.imports.demands import demands_of_groups
from mfa_app.core.imports.plan import Outcome
from mfa_app.core.imports.state import State, refusal_of
from mfa_app.models import PeopleImport
from mfa_app.models.column_types import LARGEST_ID
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import flash_refusals, render_form
from mfa_app.wording import import_pages as words
from mfa_app.wording.refusals import sentence

PAGE = 50

TEMPLATES = {
    State.READING: "admin/imports/working.html",
    State.WAITING: "admin/imports/working.html",
    State.SAVING: "admin/imports/working.html",
    State.READY: "admin/imports/preview.html",
    State.DONE: "admin/imports/result.html",
    State.REFUSED: "admin/imports/refused.html",
    State.STALE: "admin/imports/refused.html",
}


@blueprint.get("/imports/<random:import_id>")
@requires(Permission.MANAGE_USERS)
def people_import(import_id: str) -> ResponseReturnValue:
    """Say what an import does or did, a page of its rows at a time."""
    an_import = get_import_or_404(import_id)
    if an_import.state in (State.READY, State.DONE):
        return _with_rows(an_import)
    refusal = refusal_of(an_import)
    return Response(
        render_template(
            TEMPLATES[State(an_import.state)],
            the_import=an_import,
            why=sentence(refusal) if refusal else "",
            own=stored.is_own(an_import, current_actor()),
            words=words,
        )
    )


@blueprint.post("/imports/<random:import_id>/save")
@requires(Permission.MANAGE_USERS)
def save_import(import_id: str) -> ResponseReturnValue:
    """Let an import be saved as its page says."""
    an_import, form = get_import_or_404(import_id), SaveForm()
    with flash_refusals():
        stored.start(an_import, spares_leavers=not form.disable.data, actor=current_actor(), now=clock.now())
    return redirect(_url_of(an_import))


@blueprint.post("/imports/<random:import_id>/check")
@requires(Permission.MANAGE_USERS)
def check_import(import_id: str) -> ResponseReturnValue:
    """Compare the same file with the accounts again."""
    an_import = get_import_or_404(import_id)
    with flash_refusals():
        an_import = stored.check_again(an_import, actor=current_actor(), now=clock.now())
    return redirect(_url_of(an_import))


@blueprint.post("/imports/<random:import_id>/drop")
@requires(Permission.MANAGE_USERS)
def drop_import(import_id: str) -> ResponseReturnValue:
    """Forget a file that was not saved."""
    an_import = get_import_or_404(import_id)
    with flash_refusals():
        stored.drop(an_import, actor=current_actor())
        flash(_("The file has been thrown away. Nothing was changed."), "success")
        return redirect(url_for("admin.import_people"))
    return redirect(_url_of(an_import))


def _with_rows(an_import: PeopleImport) -> Response:
    outcome, after = _asked_outcome(), request.args.get("after", type=int)
    found = stored.rows(an_import, outcome, after=_position(after), limit=PAGE + 1)
    more, is_ready = len(found) > PAGE, an_import.state == State.READY
    return render_form(
        TEMPLATES[State(an_import.state)],
        SaveForm(),
        the_import=an_import,
        own=stored.is_own(an_import, current_actor()),
        outcome=outcome,
        tabs=_tabs(an_import, outcome),
        rows=found[:PAGE],
        demands=demands_of_groups(an_import, now=clock.now()) if is_ready else [],
        first_url=_url_of(an_import, outcome) if after is not None else None,
        next_url=_url_of(an_import, outcome, found[PAGE - 1].position) if more else None,
        words=words,
    )


def _tabs(an_import: PeopleImport, chosen: Outcome | None) -> list[tuple[str, str, bool]]:
    """Return how many rows do what, each with the address of the page that shows these alone."""
    counts: list[tuple[Outcome | None, int]] = [(None, sum(an_import.counts.values()))]
    counts += [(kind, an_import.counts[kind]) for kind in Outcome if an_import.counts.get(kind)]
    return [
        (words.tab(an_import, kind, count), _url_of(an_import, kind), kind is chosen)
        for kind, count in counts
    ]


def _asked_outcome() -> Outcome | None:
    asked = request.args.get("outcome", "")
    return Outcome(asked) if asked in set(Outcome) else None


def _position(after: int | None) -> int:
    return after if after is not None and 0 <= after <= LARGEST_ID else -1


def _url_of(an_import: PeopleImport, outcome: Outcome | None = None, after: int | None = None) -> str:
    return url_for("admin.people_import", import_id=an_import.id, outcome=outcome, after=after)
