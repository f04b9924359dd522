"""The base of all forms, where refusals are shown, and how a page with a form is answered."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Response, flash, make_response, render_template
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field
from wtforms import Form as FormBase
from wtforms.i18n import messages_path

from mfa_app.core.common.errors import NotAllowed, Refusal, Throttled
from mfa_app.web.http.errors import set_retry_after
from mfa_app.web.security import held_forms
from mfa_app.web.security.form_token import form_token
from mfa_app.wording.language import LANGUAGE
from mfa_app.wording.refusals import seconds_until, sentence

WITHOUT_A_PLACE = ("HiddenField", "CSRFTokenField")  # fields whose errors appear at the top of the form

TOP = ""  # the top of a form, where a refusal appears that belongs to no single field


def shown_at(field: str, *kinds: type[Refusal]) -> dict[type[Refusal], str]:
    """Return the part of `refusals_at` for the refusals that appear at this field, or at the TOP."""
    return dict.fromkeys(kinds, field)


@cache
def _sentences_of_wtforms(language: Locale) -> NullTranslations:
    return Translations.load(messages_path(), [language], domain="wtforms")


class Token(FlaskForm.Meta.csrf_class):
    """The token that every form on a page carries."""

    def generate_csrf_token(self, _field: Field) -> str:
        """Return the token of this request's page."""
        return form_token()


class Form(FlaskForm):
    """A form that can show refusals.

    `refusals_at` names, for each kind of refusal that the form shows, the field where it appears, or TOP. All
    others get a page of their own (web/http/errors).
    """

    class Meta(FlaskForm.Meta):
        """How the form gets its token and its fields."""

        csrf_class = Token

        def wrap_formdata(self, form: FormBase, formdata: object) -> MultiDict[str, str] | None:
            """Fill in the form with what the user sent before a fresh code was asked for, if it is held."""
            sent = super().wrap_formdata(form, formdata)
            return held_forms.fields_to_show() if sent is None else sent

        def get_translations(self, _form: FormBase) -> NullTranslations:
            """Return WTForms' own sentences. Flask-WTF would read their file at each request."""
            return _sentences_of_wtforms(LANGUAGE)

    refusals_at: ClassVar[Mapping[type[Refusal], str]] = {}

    refusal: Refusal | None = None

    @property
    def wait_seconds(self) -> int:
        """How many seconds it takes until another attempt is looked at; 0 if the form is not blocked."""
        return seconds_until(self.refusal.retry_at) if isinstance(self.refusal, Throttled) else 0

    def is_filled(self) -> bool:
        """Return True if the fields hold what the user entered, now or before a fresh code was asked for."""
        return self.is_submitted() or held_forms.fields_to_show() is not None

    def refuse(self, refusal: Refusal, field: str = TOP) -> None:
        """Show the refusal's sentence at a field, or at the top of the form."""
        self.refusal = refusal
        if field in self:
            self[field].errors = [*self[field].errors, sentence(refusal)]
        else:
            self.form_errors.append(sentence(refusal))

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Show a refusal that is raised in the block where `refusals_at` says, and go on after the block."""
        try:
            yield
        except tuple(self.refusals_at) as refusal:
            self.refuse(refusal, self.refusals_at[type(refusal)])

    def focus_on_the_error(self) -> None:
        """Give the focus to the first field that is wrong, and take it from all others.

        If none is, the errors at the top of the form get it (templates/components/forms.html).
        """
        wrong = [field for field in self if field.errors and field.type not in WITHOUT_A_PLACE]
        for field in self:
            field.render_kw = {**(field.render_kw or {}), "autofocus": field in wrong[:1]}


class ConfirmForm(Form):
    """Only a button."""


@contextmanager
def flash_refusals() -> Iterator[None]:
    """Flash a refusal that is raised in the block, and go on after the block. For buttons without a form.

    NotAllowed is not flashed: it gets a page of its own.
    """
    try:
        yield
    except NotAllowed:
        raise
    except Refusal as refusal:
        flash(sentence(refusal), "danger")


def render_form(template: str, form: Form, **context: Any) -> Response:
    """Render the page with its form: 200, 400 if the form has errors, 429 with Retry-After if blocked."""
    if form.errors:
        form.focus_on_the_error()
    response = make_response(render_template(template, form=form, **context))
    if form.errors:
        response.status_code = 400
    if isinstance(form.refusal, Throttled):
        response.status_code = 429
        set_retry_after(response, form.refusal)
    return response
