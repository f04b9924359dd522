"""What the help desk sees of a user before it changes something for whoever calls in that user's name."""

from mfa_app.core.factors import held, passkeys
from mfa_app.core.factors.held import HeldFactor
from mfa_app.core.policy.facts import PolicySubject


def factors_of(found: PolicySubject) -> tuple[HeldFactor, ...]:
    """Return the user's apps and passkeys. Without passkeys this costs no statement."""
    return held.listed(found.authenticators, passkeys.of_user(found.user) if found.passkeys else ())


def whom(found: PolicySubject) -> dict[str, object]:
    """Return what templates/admin/users/whom.html shows: it tells two people of one name apart."""
    return {
        "person": found.user,
        "groups": [group.name for group in found.groups],
        "linked_since": min((factor.added_at for factor in factors_of(found)), default=None),
    }
