"""Access rules: who a view admits. A view without one admits only users who have passed both gates."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from flask import current_app, request
from flask.typing import RouteCallable

from mfa_app.core.common.permissions import Permission
from mfa_app.core.policy.decision import Verdict

View = TypeVar("View", bound=RouteCallable)

ATTRIBUTE = "_access_rule"  # of the view's function

OTHER_FIELDS = 1024 * 1024  # bytes of a form besides its file


@dataclass(frozen=True)
class AccessRule:
    """Who a view admits: everyone, certain verdicts or a permission; and whether the login must be recent.

    A view for `monitors` is public within MFA_MONITORING_NETWORKS and hidden elsewhere. `upload_bytes` is how
    large the file in its form may be, 0 where forms have none; `too_large` is said of a larger one.
    """

    public: bool = False
    monitors: bool = False
    verdicts: frozenset[Verdict] = frozenset({Verdict.ALLOW})
    permission: Permission | None = None
    recent: bool = False
    upload_bytes: int = 0
    too_large: str = ""


def access_rule_of(view: RouteCallable | None) -> AccessRule:
    """Return the access rule of a view."""
    return getattr(view, ATTRIBUTE, AccessRule())


def rule_of_request() -> AccessRule:
    """Return the access rule of the view that this request asks for, or the default if there is no view."""
    return access_rule_of(current_app.view_functions.get(request.endpoint or ""))


def is_upload() -> bool:
    """Return True for a form that may have a file. The gate admits its sender before anything reads it."""
    return request.method == "POST" and rule_of_request().upload_bytes > 0


def public(view: View) -> View:
    """Open a view to everybody."""
    return _with_rule(view, replace(access_rule_of(view), public=True))


def monitoring_only(view: View) -> View:
    """Open a view to the machines that monitor the site, without a login."""
    return _with_rule(view, replace(access_rule_of(view), public=True, monitors=True))


def admits(*verdicts: Verdict) -> Callable[[View], View]:
    """Open a view to users with one of these verdicts, instead of ALLOW."""
    return lambda view: _with_rule(view, replace(access_rule_of(view), verdicts=frozenset(verdicts)))


def requires(permission: Permission) -> Callable[[View], View]:
    """Open an administration view to a permission, an authenticator and a code at most 20 minutes old."""
    return lambda view: _with_rule(view, replace(access_rule_of(view), permission=permission, recent=True))


def requires_recent_auth(view: View) -> View:
    """Require a recent code (without an authenticator: password) for a page about the user's own security.

    Applies to required enrolment too: an old session must not enrol an app.
    """
    return _with_rule(view, replace(access_rule_of(view), recent=True))


def takes_file(most: int, *, too_large: str) -> Callable[[View], View]:
    """Let a form have a file of so many bytes, OTHER_FIELDS beside it, and say `too_large` of more."""
    return lambda view: _with_rule(
        view, replace(access_rule_of(view), upload_bytes=most, too_large=too_large)
    )


def _with_rule(view: View, rule: AccessRule) -> View:
    setattr(view, ATTRIBUTE, rule)
    return view
