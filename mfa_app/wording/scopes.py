"""Words about whom somebody of the help desk helps."""

from collections.abc import Sequence

from babel.lists import format_list
from flask_babel import get_locale
from flask_babel import gettext as _

from mfa_app.models import Group


def helped(groups: Sequence[Group] | None) -> str:
    """Return whom a helper helps, for a list of facts: "Everyone", or the names of the groups."""
    if groups is None:
        return _("Everyone")
    return ", ".join(group.name for group in groups) or _("Nobody: the groups were deleted")


def you_help(groups: Sequence[Group] | None) -> str:
    """Return the sentence about a helper's own groups: "You help Finance and IT."; "" for everyone."""
    if groups is None:
        return ""
    if not groups:
        return _("You help nobody: your groups were deleted. Ask an administrator for others.")
    return _("You help %(groups)s.", groups=_and(groups))


def now_helps(name: str, groups: Sequence[Group] | None) -> str:
    """Return what to say after a change: "Dave now helps the people of Finance and IT only."."""
    if groups is None:
        return _("%(name)s now helps everyone.", name=name)
    if not groups:
        return _("%(name)s now helps nobody.", name=name)
    return _("%(name)s now helps the people of %(groups)s only.", name=name, groups=_and(groups))


def _and(groups: Sequence[Group]) -> str:
    return format_list([group.name for group in groups], locale=get_locale() or "en")
