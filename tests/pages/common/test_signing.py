"""Signers of cookies and tokens: short values are signed as they are, and what others signed stays valid."""

import pytest
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

from mfa_app.web.security.signing import Signer, TimedSigner

KEYS = ["an older key", "the key"]


@pytest.mark.parametrize(
    ("ours", "usual"), [(Signer, URLSafeSerializer), (TimedSigner, URLSafeTimedSerializer)]
)
@pytest.mark.parametrize("value", ["short", {"csrf_token": "a" * 40}, ["long" * 200]])
def test_a_cookie_of_before_and_one_of_now_are_read_by_both(
    ours: type[Signer], usual: type[URLSafeSerializer], value: object
) -> None:
    new, old = ours(KEYS, salt="cookie"), usual(KEYS, salt="cookie")
    assert new.loads(old.dumps(value)) == old.loads(new.dumps(value)) == value


def test_only_a_long_value_is_compressed() -> None:
    signer = Signer(KEYS, salt="cookie")
    assert not signer.dumps("a" * 100).startswith(".")
    assert signer.dumps("a" * 1000).startswith(".") and len(signer.dumps("a" * 1000)) < 200
