"""The board of a roll-out: who has come how far, who must still link, reminders, and the list as CSV."""

from collections.abc import Iterable, Iterator

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.admin import blueprint
from mfa_app.admin.lookup import group_or_404
from mfa_app.admin.users.lookup import get_user_or_deny
from mfa_app.core.audit import downloads
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.policy import rules
from mfa_app.core.rollout import bars, board, reminders, trend
from mfa_app.core.rollout.board import Straggler
from mfa_app.models import Group
from mfa_app.web.http.converters import is_row_id
from mfa_app.web.http.downloads import list_download
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import flash_refusals
from mfa_app.wording import rollout as words
from mfa_app.wording import trend as trend_words


@blueprint.get("/rollout")
@requires(Permission.MANAGE_POLICY)
def rollout() -> ResponseReturnValue:
    """The board for all people."""
    return _board(None)


@blueprint.get("/groups/<row:group_id>/rollout")
@requires(Permission.MANAGE_POLICY)
def group_rollout(group_id: int) -> ResponseReturnValue:
    """The board of one group."""
    return _board(group_or_404(group_id).group)


@blueprint.post("/rollout.csv")
@requires(Permission.MANAGE_POLICY)
def rollout_csv() -> ResponseReturnValue:
    """Download who must still link. The download is recorded, so this is a POST."""
    return _file(None)


@blueprint.post("/groups/<row:group_id>/rollout.csv")
@requires(Permission.MANAGE_POLICY)
def group_rollout_csv(group_id: int) -> ResponseReturnValue:
    """Download who of a group must still link."""
    return _file(group_or_404(group_id).group)


@blueprint.post("/rollout/remind")
@requires(Permission.MANAGE_USERS)
def remind_everyone() -> ResponseReturnValue:
    """Remind all who must still link."""
    return _remind_all(None)


@blueprint.post("/groups/<row:group_id>/rollout/remind")
@requires(Permission.MANAGE_USERS)
def remind_group(group_id: int) -> ResponseReturnValue:
    """Remind all of one group who must still link."""
    return _remind_all(group_or_404(group_id).group)


@blueprint.post("/people/<row:user_id>/remind")
@requires(Permission.MANAGE_USERS)
def remind_user(user_id: int) -> ResponseReturnValue:
    """Remind one person, and go back to the board of the group in the form, or of all."""
    user = get_user_or_deny(user_id, to_change=True).user
    with flash_refusals():
        reminded = reminders.remind([user], actor=current_actor(), now=clock.now())
        flash(words.reminded_in_words(reminded), "success")
    group_id = request.form.get("group", default=0, type=int)
    return redirect(_url_of(groups.find_with_counts(group_id) if is_row_id(group_id) else None))


def _board(scope: Group | None) -> ResponseReturnValue:
    now, after, rule = clock.now(), request.args.get("after"), rules.row_of(scope)
    points = trend.points(scope, now=now)
    found, shown = board.stragglers(scope, now=now, after=after), bars.bar(scope, now=now)
    return render_template(
        "admin/rollout/board.html",
        group=scope,
        rule=rule,
        steps=words.steps(shown),
        trend=trend_words.summary(points),
        chart=trend_words.chart(points),
        trend_days=trend_words.rows(points),
        to_link=board.to_link(scope, now=now),
        people=found.people,
        first_url=_url_of(scope) if after else None,
        next_url=found.after and _url_of(scope, after=found.after),
        progress_name=words.progress_name,
    )


def _file(scope: Group | None) -> ResponseReturnValue:
    downloads.note(downloads.List.TO_LINK, scope.name if scope else "", actor=current_actor())
    return list_download(_rows(board.all_stragglers(scope, now=clock.now())), "rollout")


def _remind_all(scope: Group | None) -> ResponseReturnValue:
    with flash_refusals():
        reminded = reminders.remind_all(scope, actor=current_actor(), now=clock.now())
        flash(words.reminded_in_words(reminded), "success")
    return redirect(_url_of(scope))


def _url_of(scope: Group | groups.GroupWithCounts | None, after: str | None = None) -> str:
    if scope is None:
        return url_for("admin.rollout", after=after)
    group = scope if isinstance(scope, Group) else scope.group
    return url_for("admin.group_rollout", group_id=group.id, after=after)


def _rows(people: Iterable[Straggler]) -> Iterator[tuple[str, ...]]:
    yield words.CSV_COLUMNS
    yield from map(words.csv_cells_of, people)
