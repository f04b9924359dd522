"""The marks by which a view opens itself; a view without one is open to whoever has passed both gates."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from mfa_app.core.permissions import Permission
from mfa_app.core.policy import Verdict

View = Callable[..., Any]


@dataclass(frozen=True)
class Mark:
    """Whom a view admits: anybody, the verdicts it names, or a permission; and whether freshly confirmed.

    A view for `monitors` is public within the networks of MFA_MONITORING_NETWORKS, and nowhere else.
    """

    public: bool = False
    monitors: bool = False
    verdicts: frozenset[Verdict] = frozenset({Verdict.ALLOW})
    permission: Permission | None = None
    recent: bool = False


def mark_of(view: View | None) -> Mark:
    """Return the mark of a view."""
    return getattr(view, "_mark", Mark())


def public(view: View) -> View:
    """Open a view to everybody."""
    return _marked(view, public=True)


def monitors(view: View) -> View:
    """Open a view to the machines that watch the site; nobody logs in for it."""
    return _marked(view, public=True, monitors=True)


def admits(*verdicts: Verdict) -> Callable[[View], View]:
    """Open a view to people who face one of these verdicts, instead of ALLOW."""
    return lambda view: _marked(view, verdicts=frozenset(verdicts))


def requires(permission: Permission) -> Callable[[View], View]:
    """Open a page of administration: to a permission, an app, and a code not older than 20 minutes."""
    return lambda view: _marked(view, permission=permission, recent=True)


def recent(view: View) -> View:
    """Ask for a fresh code (or, without an app, the password) before a page of one's own security.

    So it is too where linking is required: the cookie of an old session links nobody's app.
    """
    return _marked(view, recent=True)


def _marked(view: View, **changes: Any) -> View:
    view._mark = replace(mark_of(view), **changes)
    return view
