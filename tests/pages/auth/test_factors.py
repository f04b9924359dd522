"""A new kind of second factor is one class: no page, rule or limit has to know it."""

from datetime import datetime

import pytest

from mfa_app.core.common.errors import NotACode, UsedCode, WrongCode
from mfa_app.core.factors.apps import App
from mfa_app.core.factors.registry import Burn, Factor, Factors
from mfa_app.core.policy.subject_facts import SubjectFacts
from mfa_app.models import RecoveryCode
from tests.support.browser import Visitor
from tests.support.site_parts import put
from tests.support.stories import alice_at_the_code_page
from tests.support.world import World


class Word(Factor):
    """A word that was whispered to everybody, and that opens the gate once."""

    name = "word"
    amr = frozenset({"kba"})
    table = RecoveryCode

    def __init__(self) -> None:
        self.spoken = False

    def read(self, typed: str) -> str:
        if not typed.isalpha():
            raise NotACode(0)
        return typed.lower()

    def check(self, subject: SubjectFacts, answer: str, *, session_id: str, now: datetime) -> Burn:
        if answer != "rosebud":
            raise WrongCode
        return self._burn

    def _burn(self) -> None:
        if self.spoken:
            raise UsedCode
        self.spoken = True


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance at the code page of a site that has a second kind of factor."""
    put(world.app, Factors(App(), Word()))
    return world.after(alice_at_the_code_page)


def test_another_kind_of_factor_opens_the_second_gate(world: World, alice: Visitor) -> None:
    assert alice.press("Log in", code="Rosebud").path == "/"
    assert world.details("login.completed")["method"] == "word"
    assert world.methods("alice") == ["pwd kba"]


def test_it_works_once_and_beside_the_app(world: World, alice: Visitor) -> None:
    alice.press("Log in", code="Rosebud")
    again = world.password_given("alice")
    assert "already been used" in again.press("Log in", code="Rosebud").text
    assert again.press("Log in", code=world.phones["alice"].code()).path == "/"


def test_both_kinds_share_one_counter(world: World, alice: Visitor) -> None:
    wrong = world.phones["alice"].wrong_code()
    for code in ("sledge", wrong, "hammer", wrong, "nail"):
        alice.press("Log in", code=code)
    assert "Too many failed attempts" in alice.press("Log in", code="rosebud").text


def test_a_reset_ends_the_rows_of_each_kind(world: World, alice: Visitor) -> None:
    world.reset("alice")
    assert world.password_given("alice").page.path == "/enrolment"


def test_a_kind_that_looks_like_a_password_is_refused() -> None:
    for methods in (frozenset(), frozenset({"pwd"}), frozenset({"link", "kba"})):
        liar = Word()
        liar.amr = methods
        with pytest.raises(ValueError, match="word needs methods of its own"):
            Factors(liar)


def test_what_no_kind_can_read_is_told_in_the_words_of_the_first(alice: Visitor) -> None:
    assert "You entered 5 digits" in alice.press("Log in", code="12345").text
