"""What linking takes after a reset besides the password, as things are now.

Nothing else reads `User.link_proof`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mfa_app.models import LinkProof
from mfa_app.models.row_facts import AnyUser
from mfa_app.site import site


@dataclass(frozen=True)
class MailServer:
    """Whether there is a mail server now, so that emails leave."""

    is_set_up: Callable[[], bool]


def possible(proof: LinkProof | None) -> LinkProof | None:
    """Return what takes the place of this: where no code can be emailed, an access pass."""
    if proof == LinkProof.EMAIL_CODE and not site()[MailServer].is_set_up():
        return LinkProof.ACCESS_PASS
    return proof


def of_user(user: AnyUser) -> LinkProof | None:
    """Return what this user's linking takes since a reset; None if the password is enough."""
    return possible(user.link_proof)
