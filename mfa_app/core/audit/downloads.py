"""Lists of people that administrators download: each download is on the trail before a line leaves."""

import enum

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.permissions import Permission


class List(enum.StrEnum):
    """Which list. The values are on the trail."""

    TO_LINK = "to link"
    OF_A_RULE = "affected by a rule"
    EXEMPT = "exempt"


def note(downloaded: List, group: str, *, actor: Actor) -> None:
    """Record that a list of a group, or of all ("") is downloaded. Raises NotAllowed."""
    actor.require(Permission.MANAGE_POLICY)
    record(Event.LIST_DOWNLOADED, actor=actor, list=downloaded.value, group=group)
