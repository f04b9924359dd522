"""Passwords: which are taken, how they are hashed, and that a storm of logins is turned away."""

import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from unittest import mock

import pytest
from flask import Flask
from zxcvbn import matching

from mfa_app import create_app
from mfa_app.core.common.errors import HashingQueueFull, UnacceptablePassword
from mfa_app.core.passwords import estimate, hashing, strength
from mfa_app.core.passwords.change import hash_new
from mfa_app.models import Throttle
from mfa_app.settings import SettingError, load_settings
from tests.support.clock import FakeClock
from tests.support.password_slots import no_free_slot
from tests.support.world import PASSWORD, World

OWN = ["alice.smith@example.com", "alice.smith", "Alice Smith"]


@pytest.fixture
def in_application(app: Flask) -> Iterator[None]:
    """Its names and the cost of its hashes hold here."""
    with app.app_context():
        yield


def refused_as(password: str) -> str:
    with pytest.raises(UnacceptablePassword) as refused:
        strength.check_acceptable(password, own_names=OWN)
    return refused.value.reason


@pytest.mark.usefixtures("in_application")
@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "seven quiet lan",  # exactly fifteen
        "no digits and no capitals needed",
        "😀🚀🌍🎸🐉🧩🧀🧲🦓🦭🧇🧽🪁🪐🪨",  # fifteen characters
        "quatorze chats gris dorment l\u00e0-bas",
        "seven quiet lanterns " * 12,
        "Alice Smith walks under seven lanterns",
        "drei kleine Igel tanzen nachts",
        "vier rode fietsen in de regen",
        "geheim#)(!&@^%$*!",
        "kX9#vQ2$mL7!pR4",
        "@4 8( [<3 69& #!1|0$ 5+7%2 kranich",
    ],
)
def test_what_is_long_and_hard_to_guess_is_taken(password: str) -> None:
    strength.check_acceptable(password, own_names=OWN)


@pytest.mark.usefixtures("in_application")
@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "short"),
        ("seven quiet la", "short"),
        ("x" * 257, "long"),
        ("alice.smith@example.com", "known names"),
        ("ALICE.SMITH@EXAMPLE.COM", "known names"),
        ("alice.smith@example.com1!", "known names"),
        ("lice.smith@example.c", "known names"),
        ("Smith, Alice 2026!", "known names"),
        ("aaaaaaaaaaaaaaaaaaaa", "guessable"),
        ("passwordpassword", "guessable"),
        ("password12345678", "guessable"),
        ("123456789012345678", "guessable"),
        ("qwertyuiopasdfgh", "guessable"),
        ("abcabcabcabcabcabc", "guessable"),
        ("password password", "guessable"),
        ("letmein letmein", "guessable"),
        ("P@$$w0rd-P@$$w0rd", "guessable"),
        ("wachtwoord wachtwoord", "guessable"),
        ("wachtwoord geheim wachtwoord", "guessable"),
        ("geheim geheim geheim", "guessable"),
        ("geheim1geheim2geheim3", "guessable"),
        ("zomer, Zomer, ZOMER", "guessable"),
        ("motdepasse motdepasse", "guessable"),
        ("Mot de passe: mot de passe", "guessable"),
        ("Fran\u00e7ais_fran\u00e7ais", "guessable"),
        ("Willkommen 2026", "guessable"),
        ("Amsterdam2026!!", "guessable"),
        ("M\u00fcnchen-2027!!!!", "guessable"),
    ],
)
def test_what_is_short_or_easy_to_guess_is_refused_with_the_reason(password: str, reason: str) -> None:
    assert refused_as(password) == reason


@pytest.mark.usefixtures("in_application")
@pytest.mark.parametrize(
    "password", ["4@8({[<369&#!1|0$5+7%2" * 3, "1|l7!" * 51, "@$4!5071" * 30, "ab" * 128]
)
def test_whatever_the_password_is_the_estimators_work_is_bounded(password: str) -> None:
    with mock.patch.object(matching, "dictionary_match", wraps=matching.dictionary_match) as searched:
        estimate.guesses(password, OWN)
    assert searched.call_count <= 50
    assert max(len(call.args[0]) for call in searched.call_args_list) <= 32


@pytest.mark.parametrize(
    "password",
    ["Kranich Logistik 2026", "kranichlogistik1!", "Login.Kranich.Example", "Kranich login KRANICH"],
)
def test_the_names_of_the_site_make_no_password(
    environment: dict[str, str], clock: FakeClock, password: str
) -> None:
    names = {"MFA_SITE_NAME": "Kranich Logistik", "MFA_PUBLIC_URL": "https://login.kranich.example"}
    with create_app(load_settings({**environment, **names})).app_context():
        assert refused_as(password) == "known names"
        strength.check_acceptable("seven cranes (kraniche) by a login", own_names=OWN)


@pytest.mark.usefixtures("in_application")
def test_length_is_counted_in_characters_not_bytes() -> None:
    assert refused_as("\U0001f600\U0001f680\U0001f30d\U0001f3b8") == "short"


def test_a_site_hashes_at_the_cost_of_owasp_unless_whoever_makes_it_says_otherwise(
    environment: dict[str, str], clock: FakeClock
) -> None:
    cheap = hashing.HashCost(memory_kib=64, passes=1)
    for overrides, cost in ({}, "m=19456,t=2,p=1"), ({"PASSWORD_HASH_COST": cheap}, "m=64,t=1,p=1"):
        with create_app(load_settings(environment), **overrides).app_context():
            hashed = hashing.hash_password(PASSWORD)
            assert f"${cost}$" in hashed
            assert not hashing.needs_rehash(hashed)
    with pytest.raises(SettingError):
        load_settings({**environment, "MFA_PASSWORD_HASH_COST": "1"})


@pytest.mark.usefixtures("true_hashes", "in_application")
def test_the_hash_is_argon2id_with_the_parameters_of_owasp() -> None:
    hashed = hashing.hash_password(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashed != hashing.hash_password(PASSWORD)


@pytest.mark.usefixtures("true_hashes")
def test_a_stored_hash_has_those_parameters(world: World) -> None:
    world.person("alice")
    with world.data():
        assert world.user("alice").password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.usefixtures("in_application")
def test_the_right_password_fits_and_every_other_does_not() -> None:
    long = "seven quiet lanterns by the river " * 7
    hashed = hashing.hash_password(long)
    assert hashing.verify(hashed, long)
    for other in (long[:-1], long + " ", long.upper(), "", "\x00"):
        assert not hashing.verify(hashed, other)


@pytest.mark.usefixtures("in_application")
def test_two_spellings_of_one_accent_are_one_password() -> None:
    hashed = hashing.hash_password(unicodedata.normalize("NFC", "caf\u00e9 cr\u00e8me br\u00fbl\u00e9e"))
    assert hashing.verify(hashed, unicodedata.normalize("NFD", "caf\u00e9 cr\u00e8me br\u00fbl\u00e9e"))
    assert not hashing.verify(hashed, "cafe creme brulee")


@pytest.mark.usefixtures("in_application")
@pytest.mark.parametrize("stored", [None, "", "x", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuu"])
def test_without_a_usable_hash_no_password_fits(stored: str | None) -> None:
    assert not hashing.verify(stored, PASSWORD)
    assert not hashing.verify(stored, "nobody has this password")


@pytest.fixture
def all_slots_taken() -> Iterator[None]:
    with no_free_slot():
        yield


@pytest.mark.usefixtures("in_application", "all_slots_taken")
def test_a_password_that_is_too_long_is_not_hashed_at_all() -> None:
    assert not hashing.verify(None, "x" * 257)


@pytest.mark.usefixtures("in_application", "all_slots_taken")
def test_while_another_password_is_hashed_the_next_is_turned_away_after_its_wait() -> None:
    with pytest.raises(HashingQueueFull):
        hashing.verify(None, PASSWORD)


@pytest.fixture
def all_places_taken() -> Iterator[None]:
    """As many as may be at a slot, or wait for one, are there."""
    with ExitStack() as held:
        for _ in range(hashing.QUEUE_LIMIT):
            held.enter_context(hashing.admission())
        yield


@pytest.mark.usefixtures("all_places_taken")
def test_when_all_places_are_taken_nobody_waits_and_nothing_is_counted(world: World) -> None:
    world.person("alice", password=None)
    world.live_all()
    assert world.password_given("alice").page.status == 503
    assert world.count(Throttle) == 0
    assert world.visitor().open("/login").status == 200


@pytest.mark.usefixtures("in_application", "all_places_taken")
def test_new_passwords_stand_in_the_same_line() -> None:
    with pytest.raises(HashingQueueFull):
        hash_new(PASSWORD, "alice@example.com", "Alice")


def test_a_place_is_free_again_whatever_came_of_it(world: World) -> None:
    world.person("alice")
    for _ in range(hashing.QUEUE_LIMIT + 1):
        assert world.password_given("nobody").page.status in (400, 429)
    assert world.password_given("alice").page.path == "/"


def test_whoever_is_turned_away_gets_a_page_that_says_when_to_come_back(
    world: World, request: pytest.FixtureRequest
) -> None:
    world.person("alice")
    request.getfixturevalue("all_slots_taken")
    world.live_all()
    page = world.password_given("alice").page
    assert page.status == 503
    assert page.response.headers["Retry-After"]
    assert "few seconds" in page.text
