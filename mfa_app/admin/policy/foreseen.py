"""The step before people change groups or role: what that does to them at the login, if it does anything."""

from collections.abc import Iterable

from flask import Response, make_response, render_template, request
from wtforms import SubmitField

from mfa_app.core.policy.foresight import Foresight
from mfa_app.web.security.held_forms import BUTTON
from mfa_app.web.ui.forms import Form
from mfa_app.wording.foresight import foresight_sentences


class ForeseenForm(Form):
    """A form whose change is asked about first, if somebody notices it at the login."""

    confirmed = SubmitField()
    back = SubmitField()


def question_before(
    form: ForeseenForm, foreseen: Iterable[Foresight], *, title: str, button: str, loosens: bool = False
) -> Response | None:
    """Return the page that says what a change does to people, or None if it needs no more confirmation.

    Its buttons send the form again, confirmed or to be shown as it was filled in. What loosens is no
    coloured button.
    """
    if form.confirmed.data:
        return None
    people = [one for one in foreseen if one.subject.user.is_open(one.now)]
    if not any(one.changes for one in people):
        return None
    return make_response(
        render_template(
            "admin/policy/foreseen.html",
            title=title,
            sentences=foresight_sentences(people),
            button=button,
            style="secondary" if loosens else "primary",
            url=request.path,
            fields=_sent_along(form),
        )
    )


def _sent_along(form: ForeseenForm) -> dict[str, list[str]]:
    own = {"csrf_token", BUTTON, form.confirmed.name, form.back.name}
    return {name: values for name, values in request.form.lists() if name not in own}
