"""The base of all forms, and how a page with a form is answered."""

import math
from typing import Any

from flask import Response, make_response, render_template
from flask_wtf import FlaskForm

from mfa_app.core.common import clock
from mfa_app.core.common.errors import Refusal, Throttled
from mfa_app.wording.refusals import sentence


class Form(FlaskForm):
    """A form that can show a refusal."""

    refusal: Refusal | None = None

    def refuse(self, refusal: Refusal, field: str | None = None) -> None:
        """Show the refusal's sentence at a field, or at the top of the form."""
        self.refusal = refusal
        (self[field].errors if field else self.form_errors).append(sentence(refusal))


def render_form(template: str, form: Form, **context: Any) -> Response:
    """Render the page with its form: 200, 400 if the form has errors, 429 with Retry-After if blocked."""
    response = make_response(render_template(template, form=form, **context))
    if form.errors:
        response.status_code = 400
    if isinstance(form.refusal, Throttled):
        seconds = (form.refusal.retry_at - clock.now()).total_seconds()
        response.status_code = 429
        response.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    return response
