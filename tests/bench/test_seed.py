"""A seeded site is one that grew: everybody is found, those who can log in do, and the trail is intact."""

import pytest
from click import ClickException
from sqlalchemy import func, select

from bench.people import PASSWORD, email_of, secret_of
from bench.plan import Plan
from bench.seed import seed
from mfa_app.core.common import schema, schema_objects
from mfa_app.core.groups import groups
from mfa_app.core.operations.counts import recount
from mfa_app.core.users import lookup
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, Authenticator, Membership, Role, SearchWord, User
from tests.support.browser import Visitor
from tests.support.clock import EPOCH
from tests.support.databases import both_databases
from tests.support.phone import Phone
from tests.support.world import World

PEOPLE, ACTIVE, GROUPS = 300, 20, 12


def company(world: World) -> None:
    """Seed a site with 300 people, of whom 20 can log in. Nobody else may hold its database."""
    with world.app.app_context():
        db.engine.dispose()
    seed(world.app.config["SETTINGS"], Plan(PEOPLE, ACTIVE, trail=5, now=world.clock(), groups=GROUPS))


@pytest.fixture
def seeded(world: World) -> World:
    """The seeded site."""
    world.after(company)
    return world


def logged_in(world: World, account: int) -> Visitor:
    """Let someone log in with the password and the code that belong to their number."""
    visitor = world.visitor()
    visitor.give_password(email_of(account), PASSWORD)
    phone = Phone(f"otpauth://totp/x?secret={secret_of(account)}", world.clock)
    visitor.press("Log in", code=phone.code())
    return visitor


@both_databases
def test_the_first_is_an_administrator_and_the_site_is_as_it_should_be(seeded: World) -> None:
    """Of two tests, PostgreSQL would be seeded twice."""
    carol = logged_in(seeded, 0)
    assert "300" in carol.open("/admin").text
    assert "filler8@example.com" in carol.open("/admin/people?q=filler8").text
    with seeded.data():
        assert lookup.find_by_email(email_of(0)).role == Role.ADMIN
        connection = db.session.connection()
        assert schema_objects.first_difference(connection, schema.newest()) is None
    verified = seeded.app.test_cli_runner().invoke(args=["audit", "verify"])
    assert "The trail is intact" in verified.stdout
    with seeded.data():
        all_have_an_app_two_groups_at_most_and_rows_of_the_trail()
    seeded.person("alice")  # whose account gets the next number
    with seeded.data():
        assert lookup.find_by_email("alice@example.com").id == PEOPLE + 1


def all_have_an_app_two_groups_at_most_and_rows_of_the_trail() -> None:
    counts = {
        model: db.session.scalar(select(func.count()).select_from(model))
        for model in (User, Authenticator, Membership)
    }
    assert counts == {User: PEOPLE, Authenticator: PEOPLE, Membership: PEOPLE + PEOPLE // 2}
    shown = groups.all_with_counts()
    assert (shown[0].members, shown[0].linked) == (PEOPLE // 2, PEOPLE // 2)
    assert all(counted.group.required for counted in shown)
    assert recount() == 0
    assert len(shown) == GROUPS
    assert db.session.scalar(select(func.count()).where(AuditEvent.subject_id == 7)) == 5
    words = select(SearchWord.word).where(SearchWord.user_id == 1)
    assert {"user0", "example", "com"} < set(db.session.scalars(words))


def test_whoever_can_log_in_is_spread_over_the_table(seeded: World) -> None:
    with seeded.data():
        found = select(User.id).where(User.email.startswith("user")).order_by(User.id)
        assert list(db.session.scalars(found)) == [1 + 15 * number for number in range(ACTIVE)]
    bob = logged_in(seeded, ACTIVE - 1)
    assert email_of(ACTIVE - 1) in bob.current.text


def test_a_login_hashes_nothing_again(seeded: World, true_hashes: None) -> None:
    def hashes() -> list[str | None]:
        with seeded.data():
            return list(db.session.scalars(select(User.password_hash)))

    before = hashes()
    logged_in(seeded, 3)
    assert hashes() == before


def test_a_site_to_measure_has_two_hundred_groups() -> None:
    assert Plan(PEOPLE, ACTIVE, trail=5, now=EPOCH).groups == 200


def test_a_site_with_people_is_left_as_it_is(seeded: World) -> None:
    with pytest.raises(ClickException, match="people already"):
        company(seeded)
