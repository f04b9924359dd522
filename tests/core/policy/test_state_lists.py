"""The lists of people by their state of 2FA name those of whom the decision says so, and nobody else."""

from datetime import datetime

from sqlalchemy import select, union_all

from mfa_app.core.policy import state_lists
from mfa_app.core.policy.decision import decide, will_be_required
from mfa_app.core.policy.facts import PolicySubject, find_subjects
from mfa_app.core.policy.levels import Level
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.policy.state_lists import Listed
from mfa_app.core.policy.two_factor_state import TwoFactorState, state_of
from mfa_app.extensions import db
from mfa_app.models import User
from tests.support.databases import both_databases
from tests.support.policy_company import DAY, NOW, add_company, set_values
from tests.support.world import World

EVERYONE = [
    RuleValues(required=False),
    RuleValues(required=True),
    RuleValues(required=True, grace_days=6),
    RuleValues(required=True, required_from=NOW + 5 * DAY, grace_days=10),
    RuleValues(required=True, grace_days=6, passkey_only=True),
]


def shown(subject: PolicySubject, now: datetime) -> TwoFactorState:
    """Return what a list shows of somebody."""
    decision = decide(subject.facts, shown=Level.PASSWORD, now=now)
    return state_of(decision, has_passkey=subject.passkeys)


def listed(found: Listed) -> set[str]:
    """Return who is on a list: the same whether all people or only the candidates are asked."""
    everybody = select(User.email).where(found.condition)
    candidates = union_all(*found.candidates or (select(User.id).where(User.id < 0),))
    narrow = set(db.session.scalars(everybody.where(User.id.in_(candidates))))
    assert narrow == set(db.session.scalars(everybody))
    return narrow


@both_databases
def test_each_list_has_those_of_whom_the_decision_says_so(world: World) -> None:
    world.after(add_company)
    seen = set()
    with world.data():
        for values in EVERYONE:
            set_values(None, values)
            db.session.expire_all()
            people = find_subjects()
            states = {person.user.email: shown(person, NOW) for person in people}
            for state in TwoFactorState:
                expected = {email for email, its in states.items() if its is state}
                assert listed(state_lists.in_state(state, now=NOW)) == expected, (values, state)
                seen |= {state} if expected else set()
            waiting = {
                person.user.email
                for person in people
                if not person.facts.linked and will_be_required(person.facts, now=NOW)
            }
            assert listed(state_lists.still_to_link(now=NOW)) == waiting
    assert seen == set(TwoFactorState)
