"""Typed text: nothing invisible stays in it, and what can't be shown on one line is told apart."""

import unicodedata

import pytest

from mfa_app.core.common import email_addresses, text

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u200b\u200e\u202a\u202c\u202e\u2060\u2066\u2800\u3164\ufe0f\ufeff\U000e0041"
)
SPACES = ["\u00a0", "\u2003", "\u2028", "\u2029", "\x85", "\t", "\r\n", "\x0b", "  "]
SHOWN = ["", "Zo\u00eb \u00d8deg\u00e5rd", "\u9f8d", "Berg, Anna (O\u2019Brien)", "\U0001f600", "a\u202fb"]


@pytest.mark.parametrize("character", INVISIBLE, ids=lambda character: unicodedata.name(character))
def test_what_shows_nothing_is_taken_off_and_makes_no_second_name(character: str) -> None:
    assert text.one_line(f"{character}Finance{character} {character}North") == "Finance North"
    assert email_addresses.name_key(f"Fi{character}nance") == email_addresses.name_key("Finance")


@pytest.mark.parametrize("space", SPACES)
def test_any_space_or_end_of_a_line_is_one_space(space: str) -> None:
    assert text.one_line(f"{space}Anna{space}Berg{space}") == "Anna Berg"


@pytest.mark.parametrize("shown", SHOWN)
def test_what_people_write_is_readable(shown: str) -> None:
    assert text.is_readable(shown)
    assert text.escape(shown) == shown


@pytest.mark.parametrize(
    ("bad", "escaped"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\nb", "a\\nb"),
        ("a\u2028b", "a\\u2028b"),
        ("\ue000", "\\ue000"),
        ("\udc80", "\\udc80"),
        ("\x00", "\\x00"),
    ],
)
def test_what_could_move_the_cursor_is_not_and_is_escaped(bad: str, escaped: str) -> None:
    assert not text.is_readable(bad)
    assert text.escape(bad) == escaped


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("\u00dcbergr\u00f6\u00dfe", "ubergrosse"),
        ("Nguy\u1ec5n", "nguyen"),
        ("\u0141ukasz S\u00f8rensen", "lukasz sorensen"),
        ("O\ufb03ce", "office"),
        ("\u0152uvre", "oeuvre"),
    ],
)
def test_accents_are_left_out(written: str, plain: str) -> None:
    assert text.without_accents(written) == plain
