"""Where the people on a page stand with 2FA: what is decided about each who shows a password alone."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, select

from mfa_app.core.policy.decision import Decision, Rule, decide
from mfa_app.core.policy.facts import rule_of
from mfa_app.core.policy.levels import Level
from mfa_app.core.policy.subject_facts import policy_facts
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, SitePolicy, User
from mfa_app.models.row_facts import UserFacts, columns_of

_IDS: BindParameter[int] = bindparam("ids", expanding=True)

_USERS = (
    select(*columns_of(UserFacts, User), User.linked, User.has_passkey, SitePolicy)
    .join(SitePolicy, SitePolicy.id == 1)
    .where(User.id.in_(_IDS))
)

_MEMBERSHIPS = (
    select(Membership.user_id, Membership.joined_at, Group)
    .join(Group, Group.id == Membership.group_id)
    .where(Membership.user_id.in_(_IDS))
    .order_by(Group.name_key)
)


def standings(user_ids: Collection[int], *, now: datetime) -> dict[int, Decision]:
    """Return the decision about each of these users, some hundred at most, using two SELECTs.

    It goes by `User.linked` and `User.has_passkey`, which triggers keep: it is for lists, and opens no door.
    """
    if not user_ids:
        return {}
    rules = _rules_of_groups(user_ids)
    decisions: dict[int, Decision] = {}
    for *columns, linked, has_passkey, everyone in db.session.execute(_USERS, {"ids": list(user_ids)}):
        user = UserFacts(*columns)
        asked = *rules[user.id], rule_of(everyone, user.created_at)
        facts = policy_facts(user, apps=linked, passkeys=has_passkey, rules=asked)
        decisions[user.id] = decide(facts, shown=Level.PASSWORD, now=now)
    return decisions


def _rules_of_groups(user_ids: Collection[int]) -> dict[int, list[Rule]]:
    rules: dict[int, list[Rule]] = defaultdict(list)
    for user_id, joined_at, group in db.session.execute(_MEMBERSHIPS, {"ids": list(user_ids)}):
        rules[user_id].append(rule_of(group, joined_at))
    return rules
