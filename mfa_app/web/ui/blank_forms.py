"""Pages with an empty form for visitors who are not logged in: rendered once, since all see the same page."""

from flask import Response, current_app, g, make_response, render_template, request, session

from mfa_app.web.security import form_token
from mfa_app.web.security.current import identity_or_none
from mfa_app.web.ui.forms import Form

CACHE = "blank_forms"  # in app.extensions: for each template the page up to its CSRF token, and the rest

FLASHES = "_flashes"  # in the session: Flask's name for the messages

GAP = "the CSRF token stands here"


def asked_for_blank_form() -> bool:
    """Return True for a GET by a visitor who is not logged in and has no message to see."""
    return request.method == "GET" and identity_or_none() is None and FLASHES not in session


def blank_form(template: str, form: type[Form]) -> Response:
    """Return the page with an empty form, for requests for which `asked_for_blank_form` is true."""
    cache = current_app.extensions.setdefault(CACHE, {})
    if template not in cache or current_app.debug:
        cache[template] = _rendered(template, form)
    return make_response(form_token.form_token().join(cache[template]))


def _rendered(template: str, form: type[Form]) -> list[str]:
    """Return the page as the text before its CSRF token and the text after it."""
    setattr(g, form_token.NAME, GAP)
    try:
        return render_template(template, form=form()).split(GAP)
    finally:
        g.pop(form_token.NAME)
