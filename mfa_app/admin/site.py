"""The page "Site": what administrators set for the site, part by part, and a test email."""

from functools import partial

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.logo_form import LogoForm
from mfa_app.admin.mail_form import MailForm, mail_form
from mfa_app.admin.values_forms import LookForm, ResetsForm, SiteForm, TextsForm, ValuesForm
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import smtp_url, trial
from mfa_app.core.operations import logo, mail_settings, site_values
from mfa_app.settings import Settings
from mfa_app.site import site as parts
from mfa_app.web.security.access_rules import requires, takes_file
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui.forms import Form, render_form
from mfa_app.wording import uploads
from mfa_app.wording.mail_server import trouble
from mfa_app.wording.site_values import in_words


@blueprint.route("/site", methods=["GET", "POST"])
@requires(Permission.MANAGE_SITE)
def site() -> ResponseReturnValue:
    """Show what is set for the site, and change whom people contact and the applications."""
    return _change(SiteForm, "values")


@blueprint.post("/site/look")
@requires(Permission.MANAGE_SITE)
def change_look() -> ResponseReturnValue:
    """Change the name of the site and its time zone."""
    return _change(LookForm, "look")


@blueprint.post("/site/resets")
@requires(Permission.MANAGE_SITE)
def change_resets() -> ResponseReturnValue:
    """Change what a reset leads to, and which resets need a second approval."""
    return _change(ResetsForm, "resets")


@blueprint.post("/site/texts")
@requires(Permission.MANAGE_SITE)
def change_texts() -> ResponseReturnValue:
    """Change what the company itself says to people."""
    return _change(TextsForm, "texts")


def _change(kind: type[ValuesForm], part: str) -> ResponseReturnValue:
    """Show the page, or change the values of one of its parts."""
    stored, on_server = site_values.stored(), site_values.set_on_server()
    form = kind(data=stored)
    if form.validate_on_submit():
        values = {name: str(form[name].data or "") for name in form.names if name not in on_server}
        with form.refusing():
            return _saved(site_values.change(values, actor=current_actor()), part)
    return _page(form, stored)


@blueprint.post("/site/mail-server")
@requires(Permission.MANAGE_SITE)
def change_mail_server() -> ResponseReturnValue:
    """Change the mail server, its password and the sender."""
    stored = site_values.stored()
    form = mail_form(stored, submitted=True)
    if form.validate_on_submit():
        password, actor = form.password.data or "", current_actor()
        with form.refusing():
            changed = mail_settings.change(form.values(), password, actor=actor, now=clock.now())
            return _saved(changed, "emails")
    return _page(form, stored)


@blueprint.post("/site/logo")
@requires(Permission.MANAGE_SITE)
@takes_file(logo.MAX_BYTES, too_large=uploads.PICTURE_TOO_LARGE)
def change_logo() -> ResponseReturnValue:
    """Take a picture as the logo of the site."""
    form = LogoForm()
    if form.validate_on_submit():
        with form.refusing():
            return _saved(logo.change(form.content(), actor=current_actor()), "own-logo")
    return _page(form, site_values.stored())


@blueprint.post("/site/logo/remove")
@requires(Permission.MANAGE_SITE)
def remove_logo() -> ResponseReturnValue:
    """Show the site's own mark again."""
    return _saved(logo.remove(actor=current_actor()), "own-logo")


@blueprint.post("/site/test-mail")
@requires(Permission.MANAGE_SITE)
def send_test_mail() -> ResponseReturnValue:
    """Send a test email to the administrator who asks for it."""
    trial.send(current_identity().user, actor=current_actor(), now=clock.now())
    return redirect(url_for("admin.site", _anchor="emails"))


def _saved(changed: bool, part: str | None = None) -> ResponseReturnValue:
    flash(_("Saved.") if changed else _("Nothing was different, so nothing has changed."), "success")
    return redirect(url_for("admin.site", _anchor=part))


def _page(submitted: Form, stored: dict[str, str]) -> Response:
    """Return the page with what is stored, but for the form that this request has sent."""
    current, newest = site_values.current(), trial.newest(current_identity().user)
    error = newest.error if newest else None

    def form_of(kind: type[ValuesForm]) -> Form:
        return submitted if isinstance(submitted, kind) else kind(formdata=None, data=stored)

    is_mail = isinstance(submitted, MailForm)
    return render_form(
        "admin/site.html",
        form=submitted,
        values_form=form_of(SiteForm),
        look_form=form_of(LookForm),
        resets_form=form_of(ResetsForm),
        texts_form=form_of(TextsForm),
        logo_form=submitted if isinstance(submitted, LogoForm) else LogoForm(formdata=None),
        mail_form=submitted if is_mail else mail_form(stored, submitted=False),
        usual_sender=parts()[Settings].mail_from,
        on_server=site_values.set_on_server(),
        in_words=partial(in_words, current),
        values=current,
        kilobytes=logo.MAX_BYTES // 1024,
        pixels=format_decimal(logo.MAX_SIDE),
        server=smtp_url.server_facts(current.smtp_url),
        password_is_kept=mail_settings.password_is_kept(stored.get("smtp_url")),
        trial=newest,
        trouble=trouble(error) if error else {},
    )
