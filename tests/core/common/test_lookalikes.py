"""Addresses that can be taken for others: which letters are found, and which are plainly themselves."""

import pytest

from mfa_app.core.common.lookalikes import lookalikes


@pytest.mark.parametrize(
    ("email", "letters"),
    [
        ("\u0430lice@example.com", "\u0430"),  # a Cyrillic a
        ("ALICE@ex\u0430mple.com", "\u0430"),
        ("b\u03bfb@example.com", "\u03bf"),  # a Greek omicron
        (
            "\u0441\u043e\u0440\u0435@example.com",
            "\u0441\u043e\u0440\u0435",
        ),  # like "cope"
        ("al\u0456ce.sm\u0456th@example.com", "\u0456"),
        ("\u0578\u0585@example.com", "\u0578\u0585"),  # Armenian, like "no"
        ("\u0251lice@example.com", "\u0251"),  # the alpha of phonetic script
        ("\u0410nna@example.com", "\u0430"),  # a capital
    ],
)
def test_letters_that_can_be_taken_for_latin_ones_are_found(email: str, letters: str) -> None:
    assert lookalikes(email) == tuple(letters)


@pytest.mark.parametrize(
    "email",
    [
        "alice@example.com",
        "j\u00f6rg.m\u00fcller@b\u00fccher.example",
        "nguy\u1ec5n@example.com",
        "\u0438\u0432\u0430\u043d@example.com",  # Ivan in Russian
        "ivan.\u0438\u0432\u0430\u043d@example.com",
        "\u03b3\u03b9\u03ce\u03c1\u03b3\u03bf\u03c2@example.com",  # Giorgos in Greek
        "\u5f20\u4f1f@example.com",
        "o'brien+1@example.com",
    ],
)
def test_what_is_plainly_itself_is_not(email: str) -> None:
    assert lookalikes(email) == ()
