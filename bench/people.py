"""The people of a seeded site: names, addresses, groups and secrets follow from their number alone."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

PASSWORD = "correct horse battery staple 42"
GROUPS = 200
ADMINISTRATOR = 0

_NAMES = """
Amina Bruno Chiara Daniel Eva Filip Gwen Hana Ivan Julie Karim Lucia Mateus Nora Oskar Priya Quentin Rosa Uma
Al Bar Cor Dun El Fair Gar Hol Ing Kel Lor Mar Nor Pel Ros San Tor Val Wes Zel
a be den di er go han i la men ni o ra sen ti u van wi yo za
berg dal der feld field gren ham holm ley man mann mont ner quist son stad stein ton vic wood
"""
_FIRST, _BEGINNINGS, _MIDDLES, _ENDINGS = (line.split() for line in _NAMES.strip().splitlines())


@dataclass(frozen=True)
class Person:
    """Someone of a seeded site. `account` numbers those who can log in, from 0; None for all others."""

    id: int
    account: int | None

    @property
    def email(self) -> str:
        """The email address: user7@example.com for account 7."""
        return email_of(self.account) if self.account is not None else f"filler{self.id - 1}@example.com"

    @property
    def name(self) -> str:
        """A name that some others have too."""
        first, rest = _pick(_FIRST, (self.id * 7919) % 1_000_003)
        beginning, rest = _pick(_BEGINNINGS, rest)
        middle, rest = _pick(_MIDDLES, rest)
        return f"{first} {beginning}{middle}{_pick(_ENDINGS, rest)[0]}"

    @property
    def secret(self) -> str:
        """The secret of the authentication app, in base32."""
        key = f"bench-filler-{self.id}".encode()
        return secret_of(self.account) if self.account is not None else _base32(key)

    def groups(self, ids: list[int]) -> Iterator[int]:
        """Yield those of these groups that the person is in: every other person is in the first of them."""
        first, *others = ids
        yield others[self.id % len(others)]
        if self.id % 2:
            yield first


def everyone(people: int, active: int) -> Iterator[Person]:
    """Yield all people. Those who can log in are spread evenly, so a scan costs what an average user pays."""
    stride = max(1, people // active)
    for row in range(people):
        account = row // stride if row % stride == 0 and row // stride < active else None
        yield Person(row + 1, account)


def email_of(account: int) -> str:
    """Return the email address of someone who can log in."""
    return f"user{account}@example.com"


def secret_of(account: int) -> str:
    """Return the secret of an authentication app whose owner can log in, in base32."""
    return _base32(f"bench-account-{account}".encode())


def _base32(key: bytes) -> str:
    return base64.b32encode(hashlib.sha1(key, usedforsecurity=False).digest()).decode()


def _pick(choices: list[str], number: int) -> tuple[str, int]:
    rest, index = divmod(number, len(choices))
    return choices[index], rest
