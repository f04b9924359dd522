"""The group that an administration page is about."""

from flask import abort

from mfa_app.core.groups import groups
from mfa_app.core.groups.groups import GroupWithCounts


def group_or_404(group_id: int) -> GroupWithCounts:
    """Return the group and its counts. Answer 404 if there is none."""
    return groups.find_with_counts(group_id) or abort(404)
