"""Where the people on a page stand with 2FA: what is decided about each who shows a password alone."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, true

from mfa_app.core.policy.decision import Decision, Rule, decide
from mfa_app.core.policy.levels import Level
from mfa_app.core.policy.subject_facts import policy_facts, rule_columns
from mfa_app.models import Group, Membership, SitePolicy, User
from mfa_app.models.database import IDS, execute, table_of
from mfa_app.models.row_facts import UserFacts, columns_of

_USERS, _MEMBERS, _GROUPS = table_of(User), table_of(Membership), table_of(Group)

_FACTS = columns_of(UserFacts, User)

_OF_USERS = (
    select(*_FACTS, _USERS.c.linked, _USERS.c.has_passkey, *rule_columns(SitePolicy))
    .join(table_of(SitePolicy), true())
    .where(_USERS.c.id.in_(IDS))
)

_OF_GROUPS = (
    select(_MEMBERS.c.user_id, _GROUPS.c.name, *rule_columns(Group))
    .join(_GROUPS, _GROUPS.c.id == _MEMBERS.c.group_id)
    .where(_MEMBERS.c.user_id.in_(IDS))
    .order_by(_GROUPS.c.name_key)
)

_RULE = slice(1, None)  # of such a row


def standings(user_ids: Collection[int], *, now: datetime) -> dict[int, Decision]:
    """Return the decision about each of these users, some hundred at most, using two SELECTs.

    It goes by `User.linked` and `User.has_passkey`, which triggers keep: it is for lists, and opens no door.
    """
    if not user_ids:
        return {}
    rules = _rules_of_groups(user_ids)
    decisions: dict[int, Decision] = {}
    for row in execute(_OF_USERS, ids=list(user_ids)):
        user, (linked, has_passkey, *everyone) = UserFacts(*row[: len(_FACTS)]), row[len(_FACTS) :]
        asked = *rules[user.id], Rule(None, *everyone)
        facts = policy_facts(user, apps=linked, passkeys=has_passkey, rules=asked)
        decisions[user.id] = decide(facts, shown=Level.PASSWORD, now=now)
    return decisions


def _rules_of_groups(user_ids: Collection[int]) -> dict[int, list[Rule]]:
    rules: dict[int, list[Rule]] = defaultdict(list)
    for row in execute(_OF_GROUPS, ids=list(user_ids)):
        rules[row.user_id].append(Rule(*row[_RULE]))
    return rules
