"""The search for people: parts of words, accents, signs and order don't matter, and an index finds them."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import event, insert, select, text

from mfa_app.core.audit import search as trail
from mfa_app.core.common import clock, search_words
from mfa_app.core.users import accounts, directory, filters, people_lists
from mfa_app.core.users.accounts import Profile
from mfa_app.core.users.filters import UserFilters
from mfa_app.core.users.people_lists import Total
from mfa_app.extensions import db
from mfa_app.models import SearchWord, User
from tests.support.databases import both_databases
from tests.support.profiles import edit
from tests.support.world import TERMINAL, World

PEOPLE = {
    "a.meyer": "Anna Meyer-Schmidt",
    "liam": "Liam O'Brien",
    "jm": "J\u00fcrgen Mu\u0308ller",
    "nv": "Nguy\u1ec5n V\u0103n An",
    "berg": "Berg, Anna",
    "lukasz_sorensen+mfa": "\u0141ukasz S\u00f8rensen",
    "huub": "Huub Vandenhuis",
    "jansen": "Eva Huis-Jansen",
    "gk": "Gesa K\u00fchlmann",
}
FOUND = [
    ("schmidt", ["Anna Meyer-Schmidt"]),
    ("meyer-schm", ["Anna Meyer-Schmidt"]),
    ("Meyer\u2013Schmidt", ["Anna Meyer-Schmidt"]),
    ("meyerschmidt", ["Anna Meyer-Schmidt"]),
    ("SCHMIDT anna", ["Anna Meyer-Schmidt"]),
    ("brien", ["Liam O'Brien"]),
    ("o\u2019brien", ["Liam O'Brien"]),
    ("O\u02bcBrien", ["Liam O'Brien"]),
    ("obrien", ["Liam O'Brien"]),
    ("muller", ["J\u00fcrgen Mu\u0308ller"]),
    ("M\u00fcller", ["J\u00fcrgen Mu\u0308ller"]),
    ("mueller juergen", ["J\u00fcrgen Mu\u0308ller"]),
    ("nguyen", ["Nguy\u1ec5n V\u0103n An"]),
    ("anna berg", ["Berg, Anna"]),
    ("Berg, A", ["Berg, Anna"]),
    ("a\u200bnna", ["Anna Meyer-Schmidt", "Berg, Anna"]),
    ("lukasz", ["\u0141ukasz S\u00f8rensen"]),
    ("sorensen", ["\u0141ukasz S\u00f8rensen"]),
    ("mfa", ["\u0141ukasz S\u00f8rensen"]),
    ("berg@exam", ["Berg, Anna"]),
    ("A.Meyer@EXAMPLE.com", ["Anna Meyer-Schmidt"]),
    ("huis", ["Huub Vandenhuis", "Eva Huis-Jansen"]),
    ("NHUIS huub", ["Huub Vandenhuis"]),
    ("jans huis", ["Eva Huis-Jansen"]),
    ("uehlm", ["Gesa K\u00fchlmann"]),
    ("\u00fchlm", ["Gesa K\u00fchlmann"]),
    ("ample", []),
    ("ann", ["Anna Meyer-Schmidt", "Berg, Anna"]),
    ("anna zoe", []),
    ("nna", []),
    ("-", []),
    ("\u200b", []),
]


def these_people(world: World) -> None:
    with world.data():
        for local_part, name in PEOPLE.items():
            profile = Profile(f"{local_part}@example.com", name)
            accounts.create(profile, groups=[], password=None, actor=TERMINAL, now=world.clock())


@pytest.fixture
def company(world: World) -> Iterator[World]:
    """A site with these people, within the application."""
    world.after(these_people)
    with world.data():
        yield world


def found(sought: str) -> list[str]:
    page = directory.search(UserFilters(text=sought), actor=TERMINAL, now=clock.now())
    assert page.total == Total(len(page.entries))
    return [entry.name for entry in page.entries]


def walked(sought: str) -> list[str]:
    """Search as if many people had the words; how many of them there are is then only estimated."""
    page = directory.search(UserFilters(text=sought), actor=TERMINAL, now=clock.now())
    assert page.total.number <= len(page.entries)
    return [entry.name for entry in page.entries]


def found_on_the_trail(sought: str) -> list[str]:
    rows = trail.read(trail.TrailSearch(person=sought)).rows
    return sorted(one.row.subject_name for one in rows)


@both_databases
def test_people_are_found_by_the_beginnings_of_their_words(company: World) -> None:
    assert {sought: found(sought) for sought, _names in FOUND} == dict(FOUND)


@both_databases
def test_so_they_are_where_nearly_everybody_has_the_words(
    company: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "RARE", 1)
    monkeypatch.setattr(people_lists, "FEW", 0)
    assert {sought: walked(sought) for sought, _names in FOUND} == dict(FOUND)


@both_databases
def test_the_trail_finds_people_by_the_same_words(company: World) -> None:
    assert found_on_the_trail("anna") == ["a.meyer@example.com", "berg@example.com"]
    assert found_on_the_trail("o\u2019brien") == ["liam@example.com"]
    assert found_on_the_trail("berg anna") == ["berg@example.com"]
    assert found_on_the_trail("%") == []


def test_a_new_name_and_a_new_address_bring_new_words(company: World) -> None:
    liam = company.user("liam")
    edit(liam, name="William Byrne", actor=TERMINAL, now=company.clock())
    assert (found("brien"), found("byrne")) == ([], ["William Byrne"])
    edit(liam, email="w.byrne@firma.local", actor=TERMINAL, now=company.clock())
    assert (found("liam example"), found("firma")) == ([], ["William Byrne"])
    accounts.edit(liam, Profile("liam@example.com", "Liam O'Brien"), actor=TERMINAL, now=company.clock())
    assert (found("firma"), found("brien")) == ([], ["Liam O'Brien"])


def test_a_long_name_has_words_that_fit(company: World) -> None:
    edit(company.user("liam"), name="x" * 300, actor=TERMINAL, now=company.clock())
    assert found("x" * 300) == found("x" * 64) == ["x" * 300]
    longest = max(db.session.scalars(select(SearchWord.word)), key=len)
    assert longest == "x" * 64


@both_databases
def test_words_of_one_beginning_are_read_from_an_index(company: World, backend: str) -> None:
    sent: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_more: object) -> None:
        sent.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    found("schmidt anna")
    event.remove(db.engine, "before_cursor_execute", note)
    if backend == "postgresql":  # on a smaller table, it would rather read everything
        db.session.execute(insert(User), [other_person(number, company.clock()) for number in range(1000)])
        db.session.execute(text("ANALYZE user_account, search_word"))
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
    explain = "EXPLAIN " if backend == "postgresql" else "EXPLAIN QUERY PLAN "
    connection = db.session.connection()
    plans = [
        "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + statement, values))
        for statement, values in sent
        if "search_word" in statement
    ]
    assert len(plans) == 3
    counting, _size, searching = plans
    for plan in plans:
        assert "SCAN search_word" not in plan and "Seq Scan" not in plan
    assert "PRIMARY KEY (word>? AND word<?)" in counting or "pk_search_word" in counting
    assert "ix_search_word_user_id_word" in searching or "pk_search_word" in searching
    assert "user_account USING INTEGER PRIMARY KEY" in searching or "pk_user_account" in searching


def other_person(number: int, now: datetime) -> dict[str, object]:
    """Return the row of somebody whom no search finds."""
    email = f"other{number}@example.com"
    return {"email": email, "email_key": email, "name": "", "name_key": "", "created_at": now}


def test_every_sign_that_separates_words_is_no_part_of_them() -> None:
    assert search_words.typed("a-b\u2010c\u2019d\u02bce.f@g_h+i(j) k&l") == list("abcdefgh")
    assert search_words.typed("a% 1=1") == ["a%", "1=1"]
