"""Forms that the gate can't let through yet: held until the user has done what comes first, then shown."""

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from flask import Response, after_this_request, flash, g, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from mfa_app.core.common import clock
from mfa_app.core.sessions import held_forms
from mfa_app.core.sessions.held_forms import FormContent
from mfa_app.core.sessions.sessions import Identity
from mfa_app.web.http.redirects import local_path, send_to

ARGUMENT = "held"  # in the URL of the page that shows the form again: its id

SECRET_FIELDS = frozenset(
    {"code", "credential", "current", "password"}
)  # a form with one of these is never held

BUTTON = "button"  # name of the field in which a button sends its own words

LONGEST_BUTTON = 200


@dataclass(frozen=True)
class HeldFormNote:
    """What the page says about a held form: `content` is None if the form is no longer kept.

    `url` is where the note's own button sends the form, None if the page has the form itself.
    """

    content: FormContent | None
    url: str | None = None


def send_first(identity: Identity, endpoint: str, *, keep: bool = True) -> AnyResponse:
    """Redirect to the page that comes first, and from there back to the page or form that was asked for.

    Without `keep` a form is not even read: one that may have a file.
    """
    if request.method != "POST":
        return send_to(endpoint)
    if not keep or not SECRET_FIELDS.isdisjoint(request.form):
        flash(_("Nothing has been saved. After this, enter it again."), "info")
        return send_to(endpoint)
    content = _content()
    form_id = held_forms.hold(identity, content, now=clock.now())
    minutes = held_forms.LIFETIME.seconds // 60
    flash(
        ngettext(
            "Nothing has been done yet. What you entered is kept for %(num)s minute, and shown after this.",
            "Nothing has been done yet. What you entered is kept for %(num)s minutes, and shown after this.",
            minutes,
        ),
        "info",
    )
    return send_to(endpoint, back_to=_naming(form_id, page_of(content.path)))


def recall(identity: Identity) -> None:
    """Let the page that this request opens show the held form that its URL names; forget it once sent."""
    form_id = request.args.get(ARGUMENT)
    if not form_id:
        return
    if request.method == "POST":
        after_this_request(partial(_drop_if_done, identity, form_id))
    elif request.method == "GET":
        g.held_form = _note(form_id, held_forms.find(identity, form_id, now=clock.now()))


def held_form_note() -> HeldFormNote | None:
    """Return what this page has to say about a held form, if anything."""
    note: HeldFormNote | None = g.get("held_form")
    return note


def fields_to_show() -> MultiDict[str, str] | None:
    """Return the fields of the held form that this page shows, or None."""
    note = held_form_note()
    if note is None or note.content is None or not note.content.fields:
        return None
    return MultiDict(note.content.fields)


def page_of(path: str) -> str:
    """Return the page on which a form for this path is at home: itself, or the nearest one above that opens.

    A query stays with its own page.
    """
    if local_path(path):
        return path
    above = path.partition("?")[0]
    while not local_path(above):
        above = above.rpartition("/")[0] or "/"
    return above


def _drop_if_done(identity: Identity, form_id: str, response: Response) -> Response:
    """Forget the form after the view, whose own locks come first and whose slow work waits for no lock."""
    if response.status_code < 400:
        held_forms.drop(identity, form_id)
    return response


def _note(form_id: str, content: FormContent | None) -> HeldFormNote:
    if content is None or content.path.partition("?")[0] == request.path:
        return HeldFormNote(content)
    return HeldFormNote(content, _naming(form_id, content.path))


def _naming(form_id: str, path: str) -> str:
    """Return a path, which may have a query, with the id of a held form added."""
    return f"{path}{'&' if '?' in path else '?'}{urlencode({ARGUMENT: form_id})}"


def _content() -> FormContent:
    query = urlencode([item for item in request.args.items(multi=True) if item[0] != ARGUMENT])
    fields = request.form.items(multi=True)
    kept = tuple((name, value) for name, value in fields if name not in ("csrf_token", BUTTON))
    path = f"{request.path}?{query}" if query else request.path
    return FormContent(path, request.form.get(BUTTON, "")[:LONGEST_BUTTON], kept)
