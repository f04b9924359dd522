"""Authentication apps as a second factor. The statement that accepts a code burns it."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from sqlalchemy import bindparam, update

from mfa_app.core.common.errors import ClockOff, ExplainedCode, RefusedAnswer, UsedCode
from mfa_app.core.factors import diagnosis, totp
from mfa_app.core.factors.registry import Burn, Factor, burn_once, unlocked
from mfa_app.core.keys.vault import CannotUnseal, vault
from mfa_app.core.policy.subject_facts import SubjectFacts
from mfa_app.models import Authenticator
from mfa_app.models.database import execute, table_of
from mfa_app.models.row_facts import AuthenticatorFacts

AnyAuthenticator = Authenticator | AuthenticatorFacts

_APPS = table_of(Authenticator)

_BURN = (
    update(_APPS)
    .where(_APPS.c.id == bindparam("authenticator_id"), unlocked(_APPS.c.user_id))
    .where(_APPS.c.last_step < bindparam("step"))
    .where(_APPS.c.spent_step.is_distinct_from(bindparam("step")))
    .values(last_step=bindparam("step"))
)

_SPEND = update(_APPS).where(_APPS.c.id == bindparam("authenticator_id")).values(spent_step=bindparam("step"))


class App(Factor):
    """The 6-digit codes (RFC 6238) of any of the user's authentication apps."""

    name = "code"
    amr = frozenset({"otp"})
    table = Authenticator

    def read(self, typed: str) -> str:
        return totp.digits_of(typed)

    def check(self, subject: SubjectFacts, answer: str, *, session_id: str, now: datetime) -> Burn:
        """Return what burns the code. Raises WrongCode, ExplainedCode, CannotUnseal.

        Two apps may show the same code at the same time, so each of them may be the one. An app whose secret
        no key opens does not stand in the way of the others.
        """
        matching, shut = [], None
        for app in subject.authenticators:
            try:
                step = step_of(app, answer, now=now)
            except CannotUnseal as error:
                shut = error
                continue
            if step is not None:
                matching.append((app, step))
        if not matching:
            raise shut or diagnosis.of_login(subject, answer, now=now)
        return partial(_burn_any, matching)

    def note(self, refusal: RefusedAnswer) -> None:
        """Never accept a code of which the refusal tells that it will be right when its time comes.

        Otherwise each guess would be one at the codes of the next ten minutes.
        """
        match refusal:
            case ExplainedCode(ClockOff(seconds, str(app_id), step)) if seconds > 0:
                execute(_SPEND, authenticator_id=app_id, step=step)


def step_of(authenticator: AnyAuthenticator, digits: str, *, now: datetime) -> int | None:
    """Return the time step that a code of this app belongs to, used or not, or None. Raises CannotUnseal.

    `digits` comes from `totp.digits_of`.
    """
    secret = vault().unseal(authenticator.sealed_secret, authenticator.seal_context)
    return totp.matching_step(secret, digits, now=now)


def burn(authenticator: AnyAuthenticator, step: int) -> None:
    """Accept the code of a time step, and no other of this step or an earlier one ever again.

    Raises UsedCode (RFC 6238, section 5.2), AuthenticatorLocked.
    """
    burn_once(_BURN, user_id=authenticator.user_id, authenticator_id=authenticator.id, step=step)


def _burn_any(matching: Iterable[tuple[AnyAuthenticator, int]]) -> None:
    """Accept the code as that of the first app that has not used it yet. Raises as `burn` does."""
    refusal: UsedCode | None = None
    for authenticator, step in matching:
        try:
            return burn(authenticator, step)
        except UsedCode as used:
            refusal = used
    raise refusal or UsedCode
