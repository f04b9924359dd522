"""A list of people is the same list page by page, whether few are put in order or an index is walked."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest
from flask import Flask
from sqlalchemy import insert

from mfa_app.core.common import search_words
from mfa_app.core.helpdesk import scopes
from mfa_app.core.policy.two_factor_state import TwoFactorState
from mfa_app.core.users import directory, people_lists
from mfa_app.core.users.directory import UserPage
from mfa_app.core.users.filters import UserFilters
from mfa_app.core.users.people_lists import Order, PeopleList, Total
from mfa_app.extensions import db
from mfa_app.models import Membership, Role, User
from mfa_app.wording.people import how_many
from tests.support.databases import both_databases
from tests.support.world import TERMINAL, World

NAMES = ["Zoe", "Anna", "Mia", "Anna", "Bo", "anna", "Finn"]

ORDERS = {
    Order.EMAIL: [0, 1, 2, 3, 4, 5, 6],
    Order.NAME: [1, 3, 5, 4, 6, 2, 0],
    Order.ADDED: [6, 5, 4, 3, 2, 1, 0],
    Order.LAST_LOGIN: [0, 3, 6, 1, 4, 2, 5],
}


def seven_people(world: World) -> None:
    """Seven people; those in Finance must link now."""
    world.group("Finance", required=True)
    with world.data():
        now = world.clock()
        rows = [
            {
                "email": f"p{number}@example.com",
                "email_key": f"p{number}@example.com",
                "name": name,
                "name_key": name.casefold(),
                "role": Role.STAFF,
                "created_at": now + timedelta(seconds=number // 2),
                "last_login_at": now + timedelta(days=number % 3) if number % 3 else None,
                "disabled_at": now if number == 6 else None,
                "ends_at": now + timedelta(days=9) if number == 5 else None,
                "factors_locked_at": now if number == 4 else None,
            }
            for number, name in enumerate(NAMES)
        ]
        db.session.execute(insert(User), rows)
        users = db.session.query(User).order_by(User.email_key).all()
        for user in users:
            search_words.store(user)
        finance = world.group_row("Finance").id
        members = [{"user_id": user.id, "group_id": finance, "joined_at": now} for user in users[:5]]
        db.session.execute(insert(Membership), members)


def helped_by_dave(world: World) -> None:
    """The same; dave helps those of Finance and of Sales."""
    seven_people(world)
    world.group("Sales")
    world.person("dave")
    with world.data():
        sales = world.group_row("Sales")
        db.session.add_all(
            Membership(user_id=world.user(name).id, group_id=sales.id) for name in ("p4", "p6")
        )
        scopes.limit(world.user("dave"), [world.group_row("Finance"), sales], actor=TERMINAL)


@pytest.fixture
def company(world: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[World]:
    """The seven, on pages of two; another story may go on with them."""
    world.after(getattr(request, "param", seven_people))
    monkeypatch.setattr(people_lists, "PAGE", 2)
    with world.data():
        yield world


def page(world: World, order: Order = Order.EMAIL, **more: object) -> UserPage:
    place = {name: more.pop(name, None) for name in ("after", "before")}
    return directory.search(
        UserFilters(**more),  # type: ignore[arg-type]
        actor=TERMINAL,
        now=world.clock(),
        order=order,
        **place,  # type: ignore[arg-type]
    )


def numbers(shown: UserPage) -> list[int]:
    return [int(entry.email[1]) for entry in shown.entries]


def forth_and_back(world: World, order: Order, **filters: object) -> list[int]:
    """Return who is on all pages; on the way back there must be the same."""
    shown = page(world, order, **filters)
    pages, way_back = [numbers(shown)], list[list[int]]()
    while shown.after is not None:
        shown = page(world, order, after=shown.after, **filters)
        pages.append(numbers(shown))
    while shown.before is not None:
        shown = page(world, order, before=shown.before, **filters)
        way_back.append(numbers(shown))
    assert way_back == pages[-2::-1]
    return [number for each in pages for number in each]


@both_databases
@pytest.mark.parametrize("order", list(Order))
def test_pages_in_each_order_have_everybody_once_on_the_way_forth_and_back(
    company: World, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ORDERS[order]
    unlinked = {"linked": False}
    assert forth_and_back(company, order) == forth_and_back(company, order, **unlinked) == expected
    in_finance = [number for number in expected if number < 5]
    finance = {"group_id": company.group_row("Finance").id}
    assert forth_and_back(company, order, **finance) == in_finance
    if order is not Order.LAST_LOGIN:
        monkeypatch.setattr(people_lists, "FEW", 0)
        assert forth_and_back(company, order, **unlinked) == expected
        assert forth_and_back(company, order, **finance) == in_finance


@both_databases
def test_each_filter_finds_the_same_among_few_and_among_many(
    company: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    finance = company.group_row("Finance").id
    cases: list[tuple[dict[str, object], list[int]]] = [
        ({"state": TwoFactorState.LINK_NOW}, [0, 1, 2, 3]),  # of the fifth, the list shows that it is locked
        ({"state": TwoFactorState.NOT_REQUIRED}, [5, 6]),
        ({"state": TwoFactorState.ON}, []),
        ({"to_link": True}, [0, 1, 2, 3, 4]),
        ({"stopped": True}, [4]),
        ({"active": False}, [6]),
        ({"active": True, "state": TwoFactorState.NOT_REQUIRED}, [5]),
        ({"invited": True, "group_id": finance}, [0, 1, 2, 3, 4]),
        ({"ends_soon": True}, [5]),
        ({"text": "anna", "to_link": True}, [1, 3]),
        ({"group_id": finance, "state": TwoFactorState.LINK_NOW, "text": "zoe"}, [0]),
        ({"role": Role.ADMIN}, []),
        ({"role": Role.STAFF, "linked": False, "active": True}, [0, 1, 2, 3, 4, 5]),
    ]
    for few in (5_000, 0):
        monkeypatch.setattr(people_lists, "FEW", few)
        for filters, expected in cases:
            assert forth_and_back(company, Order.EMAIL, **filters) == expected, (few, filters)
            total = page(company, **filters).total
            assert total == Total(len(expected), exact=total.exact), (few, filters)


@both_databases
def test_a_long_list_is_counted_by_a_sample_and_not_sorted_by_last_login(
    company: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("FEW", 1), ("SAMPLE", 3), ("SORTED_BY_LOGIN", 4)):
        monkeypatch.setattr(people_lists, name, value)
    assert page(company).total == Total(7)
    shown = page(company, Order.LAST_LOGIN, to_link=True)
    assert (shown.total, shown.order, numbers(shown)) == (Total(3, exact=False), Order.EMAIL, [0, 1])
    assert page(company, Order.LAST_LOGIN).order is Order.EMAIL
    monkeypatch.setattr(people_lists, "SAMPLE", 1)
    assert page(company, to_link=True).total == Total(2, exact=False)  # no fewer than are shown
    monkeypatch.setattr(people_lists, "FEW", 9)
    assert page(company, Order.LAST_LOGIN, to_link=True).order is Order.EMAIL
    assert page(company, Order.LAST_LOGIN, ends_soon=True).order is Order.LAST_LOGIN


MADE_UP_KEYS = ["", "x", "_", "_7", "x_9999999999", "2026-01-01_1", "-1", "9" * 30]
MADE_UP_KEYS += ["0001-01-01T00:00:00+14:00_1", "9999-12-31T23:59:59-14:00_1"]  # in UTC they are no times


@both_databases
def test_a_made_up_key_of_a_page_shows_some_page(company: World) -> None:
    for order, place, key in product(Order, ("after", "before"), MADE_UP_KEYS):
        page(company, order, **{place: key})


@both_databases
def test_only_roles_that_somebody_may_see_are_listed_and_counted(
    company: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = company.user("p0")
    boss.role = Role.ADMIN
    db.session.commit()
    staff = frozenset({Role.STAFF})
    for few in (5_000, 0):
        monkeypatch.setattr(people_lists, "FEW", few)
        for filters in (UserFilters(), UserFilters(linked=False), UserFilters(to_link=True)):
            wanted = PeopleList(filters, staff, Order.EMAIL)
            found = people_lists.find(wanted, now=company.clock())
            assert boss.id not in found.ids
            assert found.total == Total(4 if filters.to_link else 6, exact=found.total.exact)


@both_databases
@pytest.mark.parametrize("company", [helped_by_dave], indirect=True)
def test_a_scope_limits_lists_and_totals_among_few_and_among_many(
    company: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper, sales = company.user("dave"), company.group_row("Sales")
    for few, order in product((5_000, 0), Order):
        in_scope = [number for number in ORDERS[order] if number != 5]
        monkeypatch.setattr(people_lists, "FEW", few)
        for filters, expected in (
            (UserFilters(), in_scope),
            (UserFilters(group_id=sales.id), [number for number in in_scope if number in (4, 6)]),
            (UserFilters(active=False), [6]),
            (UserFilters(ends_soon=True), []),
            (UserFilters(text="p5@example.com"), []),
            (UserFilters(text="anna"), [number for number in in_scope if number in (1, 3)]),
        ):
            wanted = PeopleList(filters, frozenset({Role.STAFF}), order, helper.id)
            found = people_lists.find(wanted, now=company.clock())
            shown = [int(db.session.get_one(User, id_).email[1]) for id_ in found.ids]
            if found.order is order:
                assert shown == expected[:2], (few, order, filters)
            assert found.total == Total(len(expected), exact=found.total.exact), (few, order, filters)


@pytest.mark.parametrize(
    ("total", "words"),
    [
        (Total(1), "1 person"),
        (Total(1_000_000), "1,000,000 people"),
        (Total(1_001, exact=False), "More than 1,000 people"),
        (Total(1_000, exact=False), "At least 1,000 people"),
        (Total(1, exact=False), "At least 1 person"),
    ],
)
def test_a_total_is_said_in_words(app: Flask, total: Total, words: str) -> None:
    with app.test_request_context():
        assert how_many(total) == words
