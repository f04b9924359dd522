"""What the columns of a file mean, by their headings in English, Dutch, German and French."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from mfa_app.core.common import text
from mfa_app.core.common.errors import ImportFileRefused


class Column(enum.StrEnum):
    """What a column says of a person. The values are stored with an import."""

    EMAIL = "email"
    NAME = "name"
    GIVEN_NAME = "given name"
    INFIX = "infix"
    SURNAME = "surname"
    GROUPS = "groups"
    ROLE = "role"
    DIRECTORY_NUMBER = "directory number"
    LAST_DAY = "last day"
    END = "end of the account"  # as a directory has it: the first moment after the last day
    ENABLED = "enabled"


# In small letters, without accents and signs. Of several columns with one meaning, the first of these counts
# whose cell is not empty.
_NAMES = {
    Column.EMAIL: (
        "mail email emailaddress emailadres emailadresse mailadres mailadresse courriel adressemail "
        "adresseemail adresseelectronique primarysmtpaddress windowsemailaddress userprincipalname upn"
    ),
    Column.NAME: (
        "displayname name fullname naam volledigenaam weergavenaam anzeigename vollername "
        "nomcomplet nomaffiche"
    ),
    Column.GIVEN_NAME: "givenname firstname voornaam vorname prenom",
    Column.INFIX: "tussenvoegsel",
    Column.SURNAME: "surname sn lastname familyname achternaam nachname familienname nom nomdefamille",
    Column.GROUPS: "groups group groepen groep gruppen gruppe groupes groupe memberof",
    Column.ROLE: "role rol rolle",
    Column.DIRECTORY_NUMBER: (
        "directorynumber telephonenumber officephone phone phonenumber telephone extension telefoon "
        "telefoonnummer toestel doorkiesnummer telefon telefonnummer durchwahl numerodetelephone poste"
    ),
    Column.LAST_DAY: "lastday enddate laatstedag einddatum letztertag enddatum dernierjour datedefin",
    Column.END: "accountexpirationdate accountexpires",
    Column.ENABLED: "enabled accountenabled ingeschakeld aktiviert active",
}

_MEANINGS = {
    name: (column, place) for column, names in _NAMES.items() for place, name in enumerate(names.split())
}

# Beside one of these, a column "Name" holds the surname.
_GIVEN_NAMES_ONLY = {"voornaam", "vorname", "prenom"}
_SURNAMES_THERE = {"naam", "name"}

MAX_COLUMNS = 50


@dataclass(frozen=True)
class Headings:
    """Where each kind of column is, its heading, and the headings of those that mean nothing here."""

    places: dict[Column, tuple[int, ...]]
    found: dict[Column, str]
    ignored: tuple[str, ...]

    @property
    def place_of_email(self) -> int:
        """The place of the first column of email addresses; every file has one."""
        return self.places[Column.EMAIL][0]

    def cell(self, cells: Sequence[str], column: Column) -> str:
        """Return the first cell of this kind that is not empty, or ""."""
        found = (cells[place] for place in self.places.get(column, ()) if place < len(cells))
        return next(filter(None, found), "")


def read_headings(cells: Sequence[str], line: int) -> Headings:
    """Return what the columns mean. Raises ImportFileRefused: too many, or none of email addresses."""
    if len(cells) > MAX_COLUMNS:
        raise ImportFileRefused("too many columns", line=line, most=MAX_COLUMNS)
    plain = [_plain(cell) for cell in cells]
    found: dict[Column, list[tuple[int, int]]] = {}
    for place, name in enumerate(plain):
        if name in _MEANINGS:
            column, rank = _MEANINGS[name]
            found.setdefault(column, []).append((rank, place))
    places = {column: tuple(place for _rank, place in sorted(ranked)) for column, ranked in found.items()}
    if Column.EMAIL not in places:
        names = ", ".join(_shown(cell) for cell in cells[:20] if cell)
        raise ImportFileRefused("no email column", line=line, found=names)
    places = _with_surname(places, plain)
    shown = {
        column: ", ".join(_shown(cells[place]) for place in sorted(where))
        for column, where in places.items()
        if where
    }
    ignored = [cell for cell, name in zip(cells, plain, strict=True) if cell and name not in _MEANINGS]
    return Headings(places, shown, tuple(map(_shown, ignored)))


def _with_surname(places: dict[Column, tuple[int, ...]], plain: list[str]) -> dict[Column, tuple[int, ...]]:
    if _GIVEN_NAMES_ONLY.isdisjoint(plain) or Column.SURNAME in places:
        return places
    names = places.get(Column.NAME, ())
    surnames = tuple(place for place in names if plain[place] in _SURNAMES_THERE)
    others = tuple(place for place in names if place not in surnames)
    return {**places, Column.NAME: others, Column.SURNAME: surnames}


def _shown(heading: str) -> str:
    return text.escape(text.one_line(heading))[:60]


def _plain(heading: str) -> str:
    letters = text.without_accents(text.one_line(heading))
    return "".join(letter for letter in letters if letter.isalnum())
