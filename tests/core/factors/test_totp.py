"""TOTP: the vectors of RFC 6238, one step of drift, ASCII digits alone, an address that every app reads."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from mfa_app.core.common.errors import NotACode
from mfa_app.core.factors.totp import digits_of, matching_step, new_secret, provisioning_uri
from tests.support.phone import Phone

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
# RFC 6238, appendix B, the SHA-1 column; our six digits are the last six of its eight.
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_vectors_of_the_rfc(seconds: int, code: str) -> None:
    assert matching_step(RFC_SECRET, code[-6:], now=at(seconds)) == seconds // 30


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_phone_of_the_tests_follows_the_rfc_too(seconds: int, code: str) -> None:
    phone = Phone(provisioning_uri(RFC_SECRET, account="a", issuer="b"), lambda: at(seconds))
    assert phone.code() == code[-6:]


def test_a_leading_zero_counts() -> None:
    assert matching_step(RFC_SECRET, "081804", now=at(1111111109)) == 37037036
    for shorter in ("81804", "0081804", " 81804"):
        with pytest.raises(NotACode):
            digits_of(shorter)


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_one_step_of_drift_is_forgiven(drift: int) -> None:
    now = at(1111111111)
    assert matching_step(RFC_SECRET, "050471", now=now + timedelta(seconds=30 * drift)) == 37037037


@pytest.mark.parametrize("drift", [-100, -3, -2, 2, 3, 100])
def test_two_steps_are_not(drift: int) -> None:
    assert matching_step(RFC_SECRET, "050471", now=at(1111111111) + timedelta(seconds=30 * drift)) is None


@pytest.mark.parametrize("seconds", [1111111080, 1111111109.999999])
def test_a_step_lasts_thirty_seconds(seconds: float) -> None:
    assert matching_step(RFC_SECRET, "081804", now=at(seconds)) == 37037036


@pytest.mark.parametrize(
    "typed",
    [
        *("050 471", " 050471 ", "050471\n", "0 5 0 4 7 1", "050\u00a0471", "\t050471", "050\u202f471"),
        *("050-471", "050\u2013471", "050.471", "050\u00b7471", "050\u200b471", "\u200e050471\u200f"),
        "\ufeff050471",
    ],
)
def test_what_phones_and_keyboards_put_between_digits_does_not_matter(typed: str) -> None:
    assert digits_of(typed) == "050471"


def in_digits_from(zero: int) -> str:
    return "".join(chr(zero + int(digit)) for digit in "050471")


OTHER_DIGITS = [0xFF10, 0x0660, 0x06F0, 0x0966, 0x1D7CE, 0x1D7D8, 0x1D7F6]


@pytest.mark.parametrize("zero", OTHER_DIGITS, ids=hex)
def test_digits_of_every_script_are_read(zero: int) -> None:
    assert digits_of(in_digits_from(zero)) == "050471"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "\ud800",
        "\x00",
        "050471\x00",
        "05\ud8000471",
        "+50471",
        "5e4710",
        "0x0471",
        "\u2070\u2075\u2070\u2074\u2077\u00b9",
        "050471050471",
        "x" * 10**5,
    ],
)
def test_what_is_no_code_is_no_code(typed: str) -> None:
    with pytest.raises(NotACode):
        digits_of(typed)


@pytest.mark.parametrize(
    ("typed", "count"), [("0504", 4), ("0504712", 7), ("050471050471", 12), ("05047a", 0)]
)
def test_what_is_no_code_says_how_many_digits_it_has(typed: str, count: int) -> None:
    with pytest.raises(NotACode) as refused:
        digits_of(typed)
    assert refused.value.digits == count


def test_a_secret_has_160_random_bits() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(base64.b32decode(secret)) for secret in secrets} == {20}


NAMES = [
    "alice@example.com",
    "alice:bob@example.com",
    "a&secret=AAAA&issuer=Evil@example.com",
    "\U0001f600\U0001f468\u200d\U0001f469@example.com",
    "\u202e\u05d0\u05dc\u05d9\u05e1@example.com",
    "anna#x?y=z%41@example.com",
    "o'brien+tag@example.com",
    "x" * 300,
    "\u00e9" * 300,
    "::::",
    "a/b\\c@example.com",
    "  many   spaces  ",
]


@pytest.mark.parametrize("issuer", ["Second Gate", "A:B", "Ca\u00f1\u00f3n & Sons", "\U0001f512", "I" * 300])
@pytest.mark.parametrize("account", NAMES)
def test_the_address_parses_back_whatever_the_names(account: str, issuer: str) -> None:
    parts = urlsplit(provisioning_uri(RFC_SECRET, account=account, issuer=issuer))
    assert (parts.scheme, parts.netloc, parts.fragment) == ("otpauth", "totp", "")
    parameters = parse_qsl(parts.query, strict_parsing=True)
    assert [name for name, _ in parameters] == ["secret", "issuer"]
    values = dict(parameters)
    assert values["secret"] == RFC_SECRET
    before, colon, after = unquote(parts.path.removeprefix("/")).partition(":")
    assert before == values["issuer"]
    assert colon and after and ":" not in after
    assert parts.path.count("/") == 1


@pytest.mark.parametrize("text", ["x" * 400, "\u00e9" * 400, "\u4e2d" * 400, "\U0001f512" * 400])
def test_a_label_that_goes_on_for_ever_is_cut_between_two_characters(text: str) -> None:
    uri = provisioning_uri(RFC_SECRET, account=text, issuer=text)
    issuer, _, account = unquote(urlsplit(uri).path.removeprefix("/")).partition(":")
    assert issuer == account
    assert text.startswith(account)
    assert 116 < len(account.encode()) <= 120
    assert len(uri) < 1250, "at 2,331 a QR code of this kind is full"


def test_the_usual_address_is_as_the_apps_document_it() -> None:
    assert provisioning_uri(RFC_SECRET, account="alice@example.com", issuer="Second Gate") == (
        "otpauth://totp/Second%20Gate:alice@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Second%20Gate"
    )


def test_names_without_a_colon_are_told_in_full() -> None:
    uri = provisioning_uri(RFC_SECRET, account="a&b@example.com", issuer="Caf\u00e9")
    assert unquote(urlsplit(uri).path) == "/Caf\u00e9:a&b@example.com"
