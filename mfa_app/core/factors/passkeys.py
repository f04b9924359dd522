"""Passkeys (WebAuthn) as a second factor."""

from datetime import datetime

from mfa_app.core.common.errors import NotACode, WrongCode
from mfa_app.core.factors.registry import Burn, Factor
from mfa_app.core.policy.subject_facts import SubjectFacts
from mfa_app.models import Passkey

HARDWARE, SOFTWARE = frozenset({"hwk", "user"}), frozenset({"swk", "user"})


class Passkeys(Factor):
    """The answers of any of the user's passkeys, each given for one challenge."""

    name = "passkey"
    amr = HARDWARE | SOFTWARE
    table = Passkey

    def read(self, typed: str) -> str:
        raise NotACode(0)

    def check(self, subject: SubjectFacts, answer: str, *, now: datetime) -> Burn:
        raise WrongCode
