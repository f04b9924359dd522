"""Short labels: what a role, a limit or an entry in an authentication app is called."""

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from mfa_app.core.throttling import limits
from mfa_app.models import Role
from mfa_app.models.row_facts import AuthenticatorFacts
from mfa_app.settings import Settings
from mfa_app.site import site

_LIMITS: dict[limits.Limit, str] = {
    limits.CODE: _l("codes or passkeys"),
    limits.LINKING: _l("codes to link an app, or passkeys to add"),
    limits.BREAK_GLASS: _l("break-glass codes"),
    limits.PASSWORD_UNKNOWN_BROWSER: _l("passwords, from unknown browsers"),
    limits.PASSWORD_KNOWN_BROWSER: _l("passwords, from the person's own browser"),
    limits.MAIL_TO_USER: _l("emails with a link for a new password"),
    limits.HELP_REQUESTS: _l("requests for a reset"),
    limits.EMAIL_CODES: _l("codes by email after a reset"),
    limits.PASSWORD_NETWORK: _l("passwords, from one network"),
    limits.RESET_REQUESTS: _l("requests for a new password, from one network"),
}


_ROLES: dict[Role, str] = {
    Role.STAFF: _l("Staff"),
    Role.HELPDESK: _l("Help desk"),
    Role.ADMIN: _l("Administrator"),
}


_FACTORS = {
    "app": _l("authentication app"),
    "code": _l("code from an app"),
    "recovery code": _l("recovery code"),
    "passkey": _l("passkey"),
}


def limit_name(limit: limits.Limit) -> str:
    """Return what was tried too often."""
    return str(_LIMITS[limit])


def failures_in_words(limit: limits.Limit, count: int) -> str:
    """Return how often somebody failed at what: "6 wrong codes or passkeys". Only for limits of users."""
    if limit is limits.CODE:
        return ngettext("%(num)s wrong code or passkey", "%(num)s wrong codes or passkeys", count)
    if limit is limits.LINKING:
        return ngettext("%(num)s wrong code to link an app", "%(num)s wrong codes to link an app", count)
    if limit is limits.BREAK_GLASS:
        return ngettext("%(num)s wrong break-glass code", "%(num)s wrong break-glass codes", count)
    if limit is limits.MAIL_TO_USER:
        return ngettext(
            "%(num)s email with a link for a new password",
            "%(num)s emails with a link for a new password",
            count,
        )
    if limit is limits.HELP_REQUESTS:
        return ngettext("%(num)s request for a reset", "%(num)s requests for a reset", count)
    if limit is limits.EMAIL_CODES:
        return ngettext("%(num)s code by email", "%(num)s codes by email", count)
    if limit is limits.PASSWORD_KNOWN_BROWSER:
        return ngettext(
            "%(num)s wrong password in a browser of their own",
            "%(num)s wrong passwords in a browser of their own",
            count,
        )
    return ngettext(
        "%(num)s wrong password in an unknown browser", "%(num)s wrong passwords in unknown browsers", count
    )


def entry_in_app(authenticators: Iterable[AuthenticatorFacts]) -> str:
    """Return the name of this site in somebody's apps, and the present one if some know an older name."""
    now = site()[Settings].issuer
    names = dict.fromkeys(app.issuer for app in authenticators if app.issuer not in (None, now))
    if not names:
        return now
    return _("%(old)s (now %(new)s)", old=", ".join(map(str, names)), new=now)


def factor_name(name: str) -> str:
    """Return what a kind of second factor is called that the trail has under this name."""
    return str(_FACTORS.get(name, name))


def in_groups(number: str) -> str:
    """Return the number of a request as it is read out: "481 302"."""
    half = len(number) // 2
    return f"{number[:half]} {number[half:]}"


def app_name(name: str | None) -> str:
    """Return what an authentication app is called that its user has perhaps given no name."""
    return name or _("Authentication app")


def role_name(role: str) -> str:
    """Return what a role is called."""
    return str(_ROLES[Role(role)])
