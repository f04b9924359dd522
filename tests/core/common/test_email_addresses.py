"""Addresses: one key for all spellings of one address, shown as people write it."""

import pytest

from mfa_app.core.common import email_addresses
from mfa_app.core.common.errors import EmailTaken, InvalidEmail
from mfa_app.core.users import accounts, lookup
from mfa_app.core.users.accounts import Profile
from tests.support.databases import both_databases
from tests.support.world import TERMINAL, World

SAME = [
    ("alice@example.com", "Alice@Example.COM"),
    ("alice@example.com", " alice@example.com "),
    ("alice@example.com", "alice@example.com."),
    ("alice@example.com", "\uff21\uff2c\uff29\uff23\uff25@example.com"),
    ("alice@example.com", "alice\uff20example\uff0ecom"),
    ("anna@m\u00fcller.de", "anna@xn--mller-kva.de"),
    ("anna@m\u00fcller.de", "ANNA@M\u00dcLLER.DE"),
    ("anna@m\u00fcller.de", "anna@mu\u0308ller.de"),
    ("jos\u00e9@example.com", "jose\u0301@example.com"),
    ("stra\u00dfe@example.com", "STRA\u1e9eE@example.com"),
    ("o\ufb03ce@example.com", "office@example.com"),
    ("anna@firma.local", "Anna@FIRMA.LOCAL"),
    ("berg@example.com", "berg@example.com\u200b"),
    ("berg@example.com", "\ufeffberg@example.com\u202c"),
    ("berg@example.com", "be\u00adrg@exam\u200dple.com"),
    ("anna@nas.home.arpa", "ANNA@NAS.home.arpa"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_one_address_have_one_key(one: str, other: str) -> None:
    assert email_addresses.parse(one).key == email_addresses.parse(other).key
    assert email_addresses.key_of(one) == email_addresses.key_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice@example.com", "alice@example.org"),
        ("alice@example.com", "alice+work@example.com"),
        ("alice@example.com", "a.lice@example.com"),
        ("jose@example.com", "jos\u00e9@example.com"),
        ("alice@example.com", "\u0430lice@example.com"),  # a Cyrillic a
        ("weiss@example.com", "wei\u00df@example.com"),
        ("anna@strasse.de", "anna@stra\u00dfe.de"),
    ],
)
def test_different_addresses_have_different_keys(one: str, other: str) -> None:
    assert email_addresses.parse(one).key != email_addresses.parse(other).key


@pytest.mark.parametrize(
    "text",
    [
        "anna@firma.local",
        "anna@intern.firma.lan",
        "anna@firma.internal",
        "anna@nas.home.arpa",
        "anna@localhost",
        "anna@nas",
        "anna@corp.test",
    ],
)
def test_internal_domains_are_welcome(text: str) -> None:
    assert email_addresses.parse(text).shown == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "alice",
        "alice@",
        "@example.com",
        "a b@example.com",
        "a@b@example.com",
        "alice@exa mple.com",
        "a\x00@example.com",
        "a\n@example.com",
        "\ud800@example.com",
        "x" * 255 + "@example.com",
        "a@" + "x" * 300 + ".com",
        "<alice@example.com>",
        "Alice <alice@example.com>",
        "a@-x.com",
        "a@xn--\u00fc.de",
        "a@nowhere.invalid",
        "\u200b",
        "a\x1b@example.com",
    ],
)
def test_what_is_no_address_is_refused_and_has_a_key_all_the_same(text: str) -> None:
    with pytest.raises(InvalidEmail):
        email_addresses.parse(text)
    assert isinstance(email_addresses.key_of(text), str)


def test_the_address_is_shown_as_it_was_written() -> None:
    assert email_addresses.parse("Alice.Smith@EXAMPLE.com").shown == "Alice.Smith@example.com"


@both_databases
@pytest.mark.parametrize(("one", "other"), SAME[::3])
def test_two_spellings_of_one_address_never_make_two_people(world: World, one: str, other: str) -> None:
    with world.data():
        accounts.create(Profile(one, "One"), groups=[], password=None, actor=TERMINAL, now=world.clock())
        with pytest.raises(EmailTaken):
            accounts.create(
                Profile(other, "Two"), groups=[], password=None, actor=TERMINAL, now=world.clock()
            )
        assert lookup.find_by_email(other).name == "One"


def test_nobody_is_moved_to_an_address_that_somebody_else_has(world: World) -> None:
    world.person("alice")
    world.person("bob")
    with world.data(), pytest.raises(EmailTaken):
        profile = Profile("ALICE@example.com.", "Bob")
        accounts.edit(world.user("bob"), profile, actor=TERMINAL, now=world.clock())


def test_ones_own_address_in_another_spelling_is_free(world: World) -> None:
    world.person("alice")
    with world.data():
        profile = Profile("Alice@Example.com", "Alice")
        accounts.edit(world.user("alice"), profile, actor=TERMINAL, now=world.clock())
        assert world.user("alice").email == "Alice@example.com"


@both_databases
def test_an_address_whose_key_grows_too_long_is_refused(world: World) -> None:
    with world.data(), pytest.raises(InvalidEmail):
        profile = Profile("\u0130" * 200 + "@a.de", "Long")
        accounts.create(profile, groups=[], password=None, actor=TERMINAL, now=world.clock())


def test_an_unknown_name_is_counted_without_keeping_it() -> None:
    email_digest = email_addresses.keyed_digest("alice@example.com", "s" * 40)
    assert len(email_digest) == 32
    assert "alice" not in email_digest
    assert email_digest != email_addresses.keyed_digest("alice@example.com", "t" * 40)
    assert email_addresses.keyed_digest("\ud800", "s" * 40)
