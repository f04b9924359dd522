"""What every page shows around its content: the site's name, whom to contact, and the navigation."""

from functools import cache
from typing import Any

from flask import Flask, request, url_for
from flask_babel import gettext as _

from mfa_app.core.common import permissions
from mfa_app.core.common.permissions import Permission
from mfa_app.core.operations import site_values
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.users import first_administrator
from mfa_app.models import Role
from mfa_app.settings import Settings
from mfa_app.web.security.current import identity_or_none
from mfa_app.web.security.held_forms import held_form_note
from mfa_app.wording.language import LANGUAGE


def init_app(app: Flask, settings: Settings) -> None:
    """Give every template the variables of the page frame: those that never change once for all pages."""
    app.jinja_env.globals |= {
        "lang": LANGUAGE.language,
        "issuer": settings.issuer,
        "local_mode": not settings.https,
        "values_now": site_values.current,
        "navigation": navigation,
        "not_set_up": not_set_up,
        "Permission": Permission,
        "may": _may,
    }
    app.context_processor(_of_this_page)


def _of_this_page() -> dict[str, Any]:
    values = site_values.current()
    return {
        "held_form": held_form_note(),
        "admin_email": values.admin_email,
        "help_email": values.help_email,
        "linking_text": values.linking_text,
        "logo": values.logo,
        "site_name": site_values.shown_name(),
        "sends_mail": values.smtp_url is not None,
        "help_phone": values.help_phone,
        "help_url": values.help_url,
    }


def _may(permission: Permission) -> bool:
    identity = identity_or_none()
    return identity is not None and permissions.may(identity.user.role, permission)


def not_set_up() -> bool:
    """Return True if there is no administrator yet. Whoever has logged in need not be told."""
    return identity_or_none() is None and not first_administrator.is_set_up()


def navigation() -> list[tuple[str, str, bool]]:
    """Return label, URL and whether it is the current section, for a user who is fully logged in."""
    identity = identity_or_none()
    if identity is None or identity.decision.verdict is not Verdict.ALLOW:
        return []
    return _links(Role(identity.user.role), request.endpoint or "")


@cache
def _links(role: Role, endpoint: str) -> list[tuple[str, str, bool]]:
    links = [(_("Home"), "account.home"), (_("Your account"), "account.overview")]
    if role == Role.ADMIN:
        links.append((_("Administration"), "admin.overview"))
    elif role == Role.HELPDESK:
        links.append((_("Help desk"), "admin.user_list"))
    return [(label, url_for(target), _is_here(target, endpoint)) for label, target in links]


def _is_here(target: str, endpoint: str) -> bool:
    part = endpoint.partition(".")[0]
    if part == "account":
        return target == ("account.home" if endpoint == "account.home" else "account.overview")
    return target.partition(".")[0] == part
