"""The counts of people are what counting the people says, whatever happens to them, on both databases."""

import random
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Insert, delete, func, insert, select, text, update

from mfa_app.core.common.errors import Refusal
from mfa_app.core.factors.own_factors import delete_all
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.operations import counts
from mfa_app.core.policy import overrides, rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import (
    Authenticator,
    CohortCount,
    Ending,
    Group,
    GroupCount,
    Membership,
    Passkey,
    Role,
    SearchWord,
    User,
)
from mfa_app.models.column_types import new_id
from tests.support.databases import both_databases, on_postgresql
from tests.support.passkey_rows import passkey_of
from tests.support.profiles import edit
from tests.support.world import CALLED_BACK, TERMINAL, World

STEPS, LOOK_AFTER = 160, 40


class Walk:
    """Random changes to people and groups, by the verbs of the site."""

    def __init__(self, world: World, seed: int) -> None:
        self.random, self.now, self.number = random.Random(seed), world.clock(), 0
        self.done: set[Callable[[], object]] = set()

    def step(self) -> None:
        """Let one thing happen, or be refused."""
        verb = self.random.choice(self.verbs())
        with db.session.begin_nested():
            try:
                verb()
            except Refusal:
                return
        self.done.add(verb)
        if self.random.random() < 0.05:
            counts.sum_up()

    def verbs(self) -> list[Callable[[], object]]:
        return [
            *[
                self.hire,
                self.link,
                self.link,
                self.add_passkey,
                self.lose_passkey,
                self.join,
                self.join,
                self.leave,
                self.move,
            ],
            *[self.disable, self.enable, self.change_role, self.change_email, self.require, self.exempt],
            *[
                self.end_exemption,
                self.reset,
                self.unlink,
                self.unlink_one,
                self.opt_in,
                self.add_group,
                self.end_group,
            ],
            *[self.change_rule, self.delete_user, self.set_deadline, self.end_deadline],
        ]

    def user(self) -> User:
        ids = db.session.scalars(select(User.id).order_by(User.id)).all()
        return db.session.get_one(User, self.random.choice(ids))

    def group(self) -> Group:
        return self.random.choice(groups.all_groups())

    def next_number(self) -> int:
        self.number += 1
        return self.number

    def hire(self) -> None:
        profile = Profile(f"person{self.next_number()}@example.com", "Somebody")
        chosen = self.random.sample(groups.all_groups(), k=self.random.randrange(3))
        accounts.create(profile, groups=chosen, password=None, actor=TERMINAL, now=self.now)

    def link(self) -> None:
        app = {"sealed_secret": "sealed", "last_step": 0, "enrolled_at": self.now}
        db.session.execute(insert(Authenticator).values(user_id=self.user().id, **app))

    def add_passkey(self) -> None:
        db.session.add(passkey_of(self.user().id, self.now))
        db.session.flush()

    def lose_passkey(self) -> None:
        db.session.execute(delete(Passkey).where(Passkey.user_id == self.user().id))

    def unlink(self) -> None:
        delete_all(self.user().id, Ending.REMOVED, now=self.now)

    def unlink_one(self) -> None:
        one = select(Authenticator.id).where(Authenticator.user_id == self.user().id).limit(1)
        db.session.execute(delete(Authenticator).where(Authenticator.id.in_(one)))

    def opt_in(self) -> None:
        self.user().opted_in = True

    def join(self) -> None:
        groups.add_member(self.group(), self.user(), actor=TERMINAL, now=self.now)

    def leave(self) -> None:
        groups.remove_member(self.group(), self.user(), actor=TERMINAL)

    def move(self) -> None:
        user, chosen = self.user(), self.random.sample(groups.all_groups(), k=2)
        profile = Profile(user.email, user.name, Role(user.role))
        accounts.edit(user, profile, groups=chosen, actor=TERMINAL, now=self.now)

    def disable(self) -> None:
        accounts.disable(self.user(), actor=TERMINAL, now=self.now)

    def enable(self) -> None:
        accounts.enable(self.user(), actor=TERMINAL, now=self.now)

    def change_role(self) -> None:
        accounts.change_role(self.user(), self.random.choice(list(Role)), actor=TERMINAL, now=self.now)

    def change_email(self) -> None:
        new = f"new{self.next_number()}@example.com"
        edit(self.user(), email=new, actor=TERMINAL, now=self.now)

    def require(self) -> None:
        overrides.set_requirement(self.user(), self.random.random() < 0.5, actor=TERMINAL, now=self.now)

    def exempt(self) -> None:
        until = self.now + timedelta(days=self.random.randrange(1, 9))
        overrides.exempt(self.user(), until=until, reason="a broken phone", actor=TERMINAL, now=self.now)

    def end_exemption(self) -> None:
        overrides.end_exemption(self.user(), actor=TERMINAL, now=self.now)

    def set_deadline(self) -> None:
        last_day = self.now.date() + timedelta(days=self.random.randrange(1, 9))
        overrides.set_deadline(self.user(), last_day, actor=TERMINAL, now=self.now)

    def end_deadline(self) -> None:
        overrides.set_deadline(self.user(), None, actor=TERMINAL, now=self.now)

    def reset(self) -> None:
        reset_second_factor(self.user(), reason="lost", checked=CALLED_BACK, actor=TERMINAL, now=self.now)

    def add_group(self) -> None:
        groups.create(f"Group {self.next_number()}", actor=TERMINAL, now=self.now)

    def end_group(self) -> None:
        if len(groups.all_groups()) > 3:
            groups.remove(self.group(), actor=TERMINAL)

    def change_rule(self) -> None:
        values = RuleValues(required=self.random.random() < 0.5)
        rules.set_rule(self.group(), values, actor=TERMINAL, now=self.now)

    def delete_user(self) -> None:
        """Nothing on the site deletes anybody, but a DELETE by hand is counted too."""
        user = self.user()
        if self.random.random() < 0.2:
            db.session.execute(delete(User).where(User.id == user.id))


def begin(world: World, seed: int) -> Walk:
    walk = Walk(world, seed)
    for _ in range(4):
        walk.add_group()
    for _ in range(12):
        walk.hire()
    return walk


def counted_one_by_one() -> dict[str, tuple[int, int]]:
    """Count the members of each group, and those with an app or a passkey, from the rows of people."""
    owners = func.coalesce(Authenticator.user_id, Passkey.user_id)
    numbers = [func.count(who.distinct()) for who in (Membership.user_id, owners)]
    found = select(Group.name, *numbers)
    found = found.outerjoin(Membership, Membership.group_id == Group.id)
    found = found.outerjoin(Authenticator, Authenticator.user_id == Membership.user_id)
    found = found.outerjoin(Passkey, Passkey.user_id == Membership.user_id)
    return {name: (members, linked) for name, members, linked in db.session.execute(found.group_by(Group.id))}


def counted_by_the_page() -> dict[str, tuple[int, int]]:
    return {row.group.name: (row.members, row.linked) for row in groups.all_with_counts()}


@both_databases
def test_after_any_changes_the_counts_are_what_counting_people_says(world: World) -> None:
    with world.data():
        walk = begin(world, seed=7)  # which does each of them four times at least
        for number in range(STEPS):
            walk.step()
            if number % LOOK_AFTER == 0:
                assert counts.differences() == 0, number
                assert counted_by_the_page() == counted_one_by_one(), number
        assert walk.done == set(walk.verbs())
        counts.sum_up()
        assert counts.differences() == 0
        assert counted_by_the_page() == counted_one_by_one()


@both_databases
def test_summing_up_leaves_one_row_for_each_count_and_none_for_nobody(world: World) -> None:
    with world.data():
        walk = begin(world, seed=2)
        for _ in range(60):
            walk.step()
        before = counted_by_the_page()
        assert counts.sum_up() > 0
        assert counted_by_the_page() == before
        assert counts.sum_up() == 0
        rows = list(db.session.scalars(select(GroupCount.group_id)))
        assert len(rows) == len(set(rows))
        assert db.session.scalar(select(func.count()).where(CohortCount.people <= 0)) == 0


@both_databases
def test_a_recount_makes_right_whatever_was_changed_past_the_triggers(world: World) -> None:
    with world.data():
        walk = begin(world, seed=3)
        for _ in range(30):
            walk.step()
        db.session.execute(delete(GroupCount))
        db.session.execute(update(CohortCount).values(people=CohortCount.people + 1))
        somebody = select(User.id).limit(5)
        db.session.execute(update(User).where(User.id.in_(somebody)).values(cohort_id=None, linked=True))
        db.session.execute(update(Membership).values(email_key="nobody"))
        db.session.execute(update(SearchWord).values(email_key=None))
        assert counts.differences() > 0
        assert counts.recount() > 0
        assert counts.differences() == 0
        assert counted_by_the_page() == counted_one_by_one()
        assert counts.recount() == 0


@both_databases
def test_who_comes_after_a_group_is_gone_is_not_counted_in_it(world: World) -> None:
    """SQLite gives the number of the last group to the next one."""
    with world.data():
        walk = begin(world, seed=4)
        last = max(groups.all_groups(), key=lambda group: group.id)
        user = walk.user()
        groups.add_member(last, user, actor=TERMINAL, now=walk.now)
        groups.remove(last, actor=TERMINAL)
        groups.create("The next", actor=TERMINAL, now=walk.now)
        assert counted_by_the_page()["The next"] == (0, 0)
        groups.add_member(world.group_row("The next"), user, actor=TERMINAL, now=walk.now)
        assert counted_by_the_page()["The next"][0] == 1
        assert counts.differences() == 0


@on_postgresql
def test_nobody_waits_for_a_count_and_none_gets_lost_meanwhile(world: World) -> None:
    """At nine o'clock everyone in a group links an app at once, and the counts are summed up."""
    world.group("Finance")
    for name in ("alice", "bob"):
        world.person(name, groups_=("Finance",))
    with world.data():
        links = [link_of(world, name) for name in ("alice", "bob")]
        with db.engine.connect() as first, db.engine.connect() as second:
            second.execute(text("SET lock_timeout = '5s'"))  # far less than the test may take
            first.execute(links[0])
            second.execute(links[1])
            second.commit()
            assert counts.sum_up() > 0
            first.commit()
        assert counts.differences() == 0
        assert counted_by_the_page() == {"Finance": (2, 2)}


def link_of(world: World, name: str) -> Insert:
    app = {"sealed_secret": "sealed", "last_step": 0, "enrolled_at": world.clock()}
    return insert(Authenticator).values(id=new_id(), user_id=world.user(name).id, **app)
