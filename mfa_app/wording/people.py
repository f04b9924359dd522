"""Words about lists of people."""

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from mfa_app.core.users.people_lists import Total

MANY = 1000  # up to which a total that is not exact is named


def how_many(total: Total) -> str:
    """Return how many people a list has: "412 people"."""
    count, shown = total.number, format_decimal(total.number)
    if total.exact:
        return ngettext("%(shown)s person", "%(shown)s people", count, shown=shown)
    if count > MANY:
        return _("More than %(shown)s people", shown=format_decimal(MANY))
    return ngettext("At least %(shown)s person", "At least %(shown)s people", count, shown=shown)
