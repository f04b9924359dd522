"""The marks by which a view opens itself; a view without one is open to whoever has passed both gates."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from mfa_app.core.common.permissions import Permission
from mfa_app.core.policy.decision import Verdict

View = Callable[..., Any]


@dataclass(frozen=True)
class AccessRule:
    """Whom a view admits: anybody, the verdicts it names, or a permission; and whether freshly confirmed.

    A view for `monitors` is public within the networks of MFA_MONITORING_NETWORKS, and nowhere else.
    """

    public: bool = False
    monitors: bool = False
    verdicts: frozenset[Verdict] = frozenset({Verdict.ALLOW})
    permission: Permission | None = None
    recent: bool = False


def access_rule_of(view: View | None) -> AccessRule:
    """Return the mark of a view."""
    return getattr(view, "_access_rule", AccessRule())


def public(view: View) -> View:
    """Open a view to everybody."""
    return _with_rule(view, public=True)


def monitoring_only(view: View) -> View:
    """Open a view to the machines that watch the site; nobody logs in for it."""
    return _with_rule(view, public=True, monitors=True)


def admits(*verdicts: Verdict) -> Callable[[View], View]:
    """Open a view to people who face one of these verdicts, instead of ALLOW."""
    return lambda view: _with_rule(view, verdicts=frozenset(verdicts))


def requires(permission: Permission) -> Callable[[View], View]:
    """Open a page of administration: to a permission, an app, and a code not older than 20 minutes."""
    return lambda view: _with_rule(view, permission=permission, recent=True)


def requires_recent_auth(view: View) -> View:
    """Ask for a fresh code (or, without an app, the password) before a page of one's own security.

    So it is too where linking is required: the cookie of an old session links nobody's app.
    """
    return _with_rule(view, recent=True)


def _with_rule(view: View, **changes: Any) -> View:
    view._access_rule = replace(access_rule_of(view), **changes)
    return view
