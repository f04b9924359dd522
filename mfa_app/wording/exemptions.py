"""Words for exemptions in a file for other programs."""

from mfa_app.core.users.exemptions import Exemption
from mfa_app.wording import dates

CSV_COLUMNS = ("name", "email", "groups", "since", "last_day", "reason", "given_by", "disabled")


def csv_cells_of(exemption: Exemption) -> tuple[str, ...]:
    """Return the cells of somebody who is exempt, in the order of CSV_COLUMNS."""
    return (
        exemption.name,
        exemption.email,
        ", ".join(exemption.groups),
        dates.iso_day(exemption.since) if exemption.since else "",
        dates.iso_day(exemption.until),
        exemption.reason,
        exemption.by,
        "yes" if exemption.disabled else "",
    )
