"""Whom somebody means who typed names and email addresses, as lists and mail programs write them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from mfa_app.core.common import email_addresses
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import InvalidEmail
from mfa_app.core.users import directory, lookup
from mfa_app.core.users.directory import Entry
from mfa_app.core.users.filters import UserFilters
from mfa_app.extensions import db
from mfa_app.models import User

MOST_CHOICES = 10  # people to choose from for one name


@dataclass(frozen=True)
class Newcomer:
    """An address that no account has, and the name that goes with it, as far as that can be guessed."""

    email: str
    name: str


@dataclass
class Meant:
    """Who is meant: `users` without a doubt. `several` has the people whom a name fits, at most ten each.

    `newcomers` have no account yet. `nobody` are names and texts that fit no one, or more than ten.
    """

    users: list[User] = field(default_factory=list)
    several: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    newcomers: list[Newcomer] = field(default_factory=list)
    nobody: list[str] = field(default_factory=list)


def split(typed: str) -> list[tuple[str, str]]:
    """Return the addresses and names in a text, each once: pairs of an address, or "", and a name, or "".

    Commas, semicolons and lines part them, and white space parts addresses. With angle brackets, as mail
    programs write, there are only addresses: "Berg, Anna <anna@firma.nl>" has one.
    """
    brackets = "<" in typed
    pieces = re.split(r"[,;\n]+", re.sub(r'"([^"]*)"', lambda quoted: quoted[1].replace(",", " "), typed))
    found = [pair for piece in pieces for pair in _pairs(piece) if pair[0] or (pair[1] and not brackets)]
    return list(dict.fromkeys(found))


def resolve(typed: str, *, actor: Actor, now: datetime) -> Meant:
    """Return whom a text means. All addresses cost one SELECT, and each name a search of the directory."""
    meant, pairs = Meant(), split(typed)
    known = lookup.find_all_by_email(email for email, _name in pairs if email)
    meant.users = list({user.id: user for user in known.values()}.values())
    for email, name in pairs:
        if not email:
            _resolve_name(name, meant, actor, now)
        elif email not in known:
            _resolve_address(email, name, meant)
    return meant


def by_ids(ids: list[int]) -> list[User]:
    """Return the users with these ids, by email address."""
    return list(db.session.scalars(select(User).where(User.id.in_(ids)).order_by(User.email_key)))


def _pairs(piece: str) -> Iterator[tuple[str, str]]:
    addresses = [word for word in re.split(r"[\s<>]+", piece) if "@" in word]
    name = " ".join(re.split(r"[\s<>]+", piece.partition("<")[0])).strip()
    if not addresses:
        yield "", " ".join(piece.split())
    elif len(addresses) == 1 and "@" not in name:
        yield addresses[0], name
    else:
        yield from ((address, "") for address in addresses)


def _resolve_address(email: str, name: str, meant: Meant) -> None:
    try:
        address = email_addresses.parse(email)
    except InvalidEmail:
        meant.nobody.append(email)
        return
    if address.key not in {email_addresses.parse(one.email).key for one in meant.newcomers}:
        guessed = name or email_addresses.name_from(address.shown)
        meant.newcomers.append(Newcomer(address.shown, guessed))


def _resolve_name(name: str, meant: Meant, actor: Actor, now: datetime) -> None:
    entries = directory.search(UserFilters(text=name), actor=actor, now=now).entries
    key = email_addresses.name_key(name)
    exact = [entry for entry in entries if email_addresses.name_key(entry.name) == key]
    fits = exact or entries
    if len(fits) == 1:
        (user,) = by_ids([fits[0].id])
        if user not in meant.users:
            meant.users.append(user)
    elif 0 < len(fits) <= MOST_CHOICES:
        meant.several[name] = tuple(fits)
    else:
        meant.nobody.append(name)
