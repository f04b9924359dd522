"""A login is one line of the trail: password and code are its parts, and no row is lost or told twice."""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from mfa_app.core.audit.events import Event
from mfa_app.core.audit.happenings import Happening, fold, whole_logins
from mfa_app.models.row_facts import EventFacts

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORDS = {
    "password": (Event.PASSWORD_ACCEPTED, {}),
    "code": (Event.CODE_ACCEPTED, {"purpose": "login", "factor": "code"}),
    "passkey": (Event.CODE_ACCEPTED, {"purpose": "login", "factor": "passkey"}),
    "confirmed": (Event.CODE_ACCEPTED, {"purpose": "confirmation", "factor": "code"}),
    "wrong": (Event.CODE_REFUSED, {"purpose": "login", "reason": "wrong", "seen": None, "failures": 1}),
    "in": (Event.LOGIN_COMPLETED, {"method": "code"}),
    "in-alone": (Event.LOGIN_COMPLETED, {"method": "passkey alone"}),
    "in-password": (Event.LOGIN_COMPLETED, {"method": "password"}),
    "out": (Event.LOGGED_OUT, {}),
}


def trail(text: str) -> list[Happening]:
    """Return the rows of a text, newest first: "anna:code", or "anna:in+70" for 70 seconds later."""
    rows, at = [], BEGIN
    for number, word in enumerate(text.split(), 1):
        word, _plus, seconds = word.partition("+")
        who, _colon, what = word.partition(":")
        name, _at, browser = who.partition("@")
        at += timedelta(seconds=int(seconds or 1))
        event, details = WORDS[what]
        email, user_id = f"{name}@example.com", sum(map(ord, name))
        about = "person", user_id, email, user_id, email
        row = EventFacts(at, event.label, *about, "192.0.2.1", browser or "Firefox", dict(details), number)
        rows.append(Happening(row))
    return rows[::-1]


def shape(happenings: Iterable[Happening]) -> list[tuple[int, ...]]:
    """Return the numbers of the rows in each line."""
    return [(one.row.id, *(part.row.id for part in one.parts)) for one in happenings]


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ("anna:password anna:code anna:in anna:out", [(4,), (3, 2, 1)]),
        ("anna:password anna:in-password", [(2, 1)]),
        ("anna:passkey anna:in-alone", [(2, 1)]),
        ("anna:password bob:password anna:code anna:in bob:code bob:in", [(6, 5, 2), (4, 3, 1)]),
        ("anna:password anna:wrong anna:code anna:in", [(4, 3, 1), (2,)]),
        ("anna:password anna:password anna:code anna:in", [(4, 3, 2), (1,)]),
        ("anna:password anna:in+61", [(2,), (1,)]),
        ("anna:password anna:in+60", [(2, 1)]),
        ("anna:password anna@Chrome:in", [(2,), (1,)]),
        ("anna:password anna:confirmed anna:in", [(3, 1), (2,)]),
        ("anna:password anna:code anna:in anna:passkey anna:in-alone", [(5, 4), (3, 2, 1)]),
        ("anna:password anna:passkey anna:in-alone", [(3, 2), (1,)]),
        ("anna:password anna:code anna:in-password", [(3, 1), (2,)]),
        ("anna:in anna:password anna:code", [(3,), (2,), (1,)]),
    ],
)
def test_the_steps_of_one_login_are_one_line(rows: str, lines: list[tuple[int, ...]]) -> None:
    assert shape(fold(trail(rows))) == lines


@pytest.mark.parametrize(
    ("rows", "most", "kept"),
    [
        ("anna:out anna:password anna:code anna:in", 4, 4),
        ("anna:out bob:out anna:password anna:code anna:in bob:out bob:out", 3, 2),  # cut before the login
        ("anna:password anna:code anna:in bob:out bob:out", 3, 2),
        ("bob:out bob:out anna:password anna:code anna:in", 3, 3),
        ("anna:password bob:password anna:in bob:in anna:password bob:password anna:in bob:in", 6, 4),
        ("anna:password bob:out bob:out bob:out bob:out anna:in", 4, 4),  # no better place near
    ],
)
def test_a_page_ends_where_it_cuts_no_login(rows: str, most: int, kept: int) -> None:
    assert len(whole_logins(trail(rows), most)) == kept


def test_pages_of_any_length_tell_each_row_once() -> None:
    people = itertools.cycle(("anna", "bob", "carol"))
    rows = trail(" ".join(f"{next(people)}:{word}" for word in itertools.islice(itertools.cycle(WORDS), 200)))
    for most, ahead in itertools.product((1, 2, 7, 50), (1, 3, 10)):
        told: list[int] = []
        left = rows
        while left:
            page = whole_logins(left[: most + ahead], most)
            assert 0 < len(page) <= most
            told += [number for line in shape(fold(page)) for number in line]
            left = left[len(page) :]
        assert sorted(told, reverse=True) == [one.row.id for one in rows]
