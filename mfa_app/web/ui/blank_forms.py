"""Pages with an empty form that say nearly the same to all: rendered once, filled in for each visitor."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from flask import Response, current_app, g, make_response, render_template, request, session
from markupsafe import escape

from mfa_app.core.operations import site_values
from mfa_app.web.security import form_token
from mfa_app.web.security.current import identity_or_none
from mfa_app.web.security.held_forms import held_form_note
from mfa_app.web.ui.forms import Form
from mfa_app.web.ui.navigation import not_set_up

CACHE = "blank_forms"  # in app.extensions: values of the site, and the pages rendered with them

Pages = dict[tuple[object, ...], list[str]]  # each page is cut at its gaps

FLASHES = "_flashes"  # in the session: Flask's name for the messages

NO_WORDS: Mapping[str, str] = MappingProxyType({})

# A gap goes through the template in place of a visitor's own words. Nothing escapes letters.
GAP = "GapInBlankForm{}EndOfGap"
_GAPS = re.compile(GAP.format("([a-z_]+)"))


def is_blank() -> bool:
    """Return True for a GET of a page that has neither a message nor a held form to show."""
    return request.method == "GET" and FLASHES not in session and held_form_note() is None


def asked_for_blank_form() -> bool:
    """Return True for a GET by a visitor who is not logged in and has no message to see."""
    return is_blank() and identity_or_none() is None


def blank_form(
    template: str, form: type[Form], words: Mapping[str, str] = NO_WORDS, **variants: int | bool
) -> Response:
    """Return the page with an empty form, for requests for which `is_blank` is true.

    `words` are variables that the template only prints, each visitor's own. `variants` are those on which the
    rest of the page depends: it is rendered and kept for each of their values, so these must be few.
    """
    pages, key = _pages(), (template, not_set_up(), *sorted(variants.items()))
    if key not in pages or current_app.debug:
        pages[key] = _rendered(template, form, words, variants)
    own = {name: str(escape(word)) for name, word in words.items()}
    own[form_token.NAME] = form_token.form_token()
    page = list(pages[key])
    page[1::2] = [own[name] for name in page[1::2]]
    return make_response("".join(page))


def _pages() -> Pages:
    """Return the pages that were rendered with the present values of the site. Others are dropped."""
    values = site_values.current()
    rendered_with, pages = current_app.extensions.get(CACHE, (None, {}))
    if rendered_with != values:
        pages = {}
        current_app.extensions[CACHE] = values, pages
    return cast(Pages, pages)


def _rendered(
    template: str, form: type[Form], words: Mapping[str, str], variants: Mapping[str, int | bool]
) -> list[str]:
    """Return the page as its texts, and between each two the name of what belongs there."""
    setattr(g, form_token.NAME, GAP.format(form_token.NAME))
    gaps = {name: GAP.format(name) for name in words}
    try:
        return _GAPS.split(render_template(template, form=form(), **gaps, **variants))
    finally:
        g.pop(form_token.NAME)
