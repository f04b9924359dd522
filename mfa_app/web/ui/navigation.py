"""What every page shows around its content: the site's name, whom to contact, and the navigation."""

from typing import Any

from flask import Flask, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from mfa_app.core.common import permissions
from mfa_app.core.common.permissions import Permission
from mfa_app.core.policy.decision import Verdict
from mfa_app.models import Role
from mfa_app.settings import Settings
from mfa_app.web.security.current import identity_or_none
from mfa_app.web.security.held_forms import held_form_note


def init_app(app: Flask, settings: Settings) -> None:
    """Give every template the variables of the page frame."""

    @app.context_processor
    def frame() -> dict[str, Any]:
        return {
            "lang": get_locale().language,
            "site_name": settings.site_name,
            "issuer": settings.issuer,
            "admin_email": settings.admin_email,
            "help_email": settings.help_email,
            "help_url": settings.help_url,
            "sends_mail": settings.smtp_url is not None,
            "local_mode": not settings.https,
            "nav": _navigation(),
            "held_form": held_form_note(),
            "Permission": Permission,
            "may": _may,
        }


def _may(permission: Permission) -> bool:
    identity = identity_or_none()
    return identity is not None and permissions.may(identity.user.role, permission)


def _navigation() -> list[tuple[str, str, bool]]:
    """Return label, URL and whether it is the current section, for a user who is fully logged in."""
    identity = identity_or_none()
    if identity is None or identity.decision.verdict is not Verdict.ALLOW:
        return []
    links = [(_("Home"), "account.home"), (_("Your account"), "account.overview")]
    if identity.user.role == Role.ADMIN:
        links.append((_("Administration"), "admin.overview"))
    elif identity.user.role == Role.HELPDESK:
        links.append((_("Help desk"), "admin.user_list"))
    part = (request.endpoint or "").partition(".")[0]
    return [(label, url_for(endpoint), _is_here(endpoint, part)) for label, endpoint in links]


def _is_here(endpoint: str, part: str) -> bool:
    if part == "account":
        here = "account.home" if request.endpoint == "account.home" else "account.overview"
        return endpoint == here
    return endpoint.partition(".")[0] == part
