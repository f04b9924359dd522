"""Sealing: what is sealed for one row opens in no other, and keys can be rotated."""

import base64

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, select, update

from mfa_app.core.keys.vault import CannotUnseal, Vault
from mfa_app.extensions import db
from mfa_app.models import Authenticator
from tests.support.databases import both_databases
from tests.support.world import World

OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}


def test_what_is_sealed_opens_at_its_place() -> None:
    vault = Vault(OLD)
    assert vault.unseal(vault.seal("JBSWY3DPEHPK3PXP", "totp|1|2"), "totp|1|2") == "JBSWY3DPEHPK3PXP"


def test_it_is_sealed_by_aes_256_gcm_under_a_key_of_its_own() -> None:
    version, key, encoded = Vault(OLD).seal("JBSWY3DPEHPK3PXP", "totp|1|2").split(":")
    raw = base64.b64decode(encoded)
    cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=b"second-gate seal v1").derive(OLD[key]))
    assert version == "v1"
    assert cipher.decrypt(raw[:12], raw[12:], b"totp|1|2") == b"JBSWY3DPEHPK3PXP"


def test_the_same_text_is_sealed_differently_each_time() -> None:
    vault = Vault(OLD)
    assert len({vault.seal("x", "p") for _ in range(50)}) == 50


@pytest.mark.parametrize("place", ["totp|1|3", "totp|2|2", "mail|1", "", "totp|1|2 "])
def test_it_opens_nowhere_else(place: str) -> None:
    vault = Vault(OLD)
    with pytest.raises(CannotUnseal):
        vault.unseal(vault.seal("secret", "totp|1|2"), place)


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        "x",
        "v1",
        "v1:old",
        "v1:old:",
        "v1:old:%%%",
        "v1:old:AAAA",
        "v2:{}",
        "v1:new:{}",
        ":::",
        "v1:\u00e9:x",
    ],
)
def test_a_spoilt_text_opens_nowhere(spoilt: str) -> None:
    vault = Vault({**OLD, **NEW})
    sealed = vault.seal("secret", "p").rpartition(":")[2]
    with pytest.raises(CannotUnseal):
        vault.unseal(spoilt.format(sealed), "p")


def test_every_changed_bit_is_noticed() -> None:
    vault = Vault(OLD)
    head, _, encoded = vault.seal("secret", "p").rpartition(":")
    raw = base64.b64decode(encoded)
    for position in range(len(raw)):
        changed = raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]
        with pytest.raises(CannotUnseal):
            vault.unseal(f"{head}:{base64.b64encode(changed).decode()}", "p")


def test_after_a_rotation_old_texts_open_and_new_ones_use_the_new_key() -> None:
    sealed = Vault(OLD).seal("secret", "p")
    both = Vault({**NEW, **OLD})
    assert both.unseal(sealed, "p") == "secret"
    assert Vault(NEW).unseal(both.seal("secret", "p"), "p") == "secret"


def test_without_its_key_a_text_stays_shut() -> None:
    with pytest.raises(CannotUnseal):
        Vault(NEW).unseal(Vault(OLD).seal("secret", "p"), "p")


def test_under_another_key_of_the_same_name_a_text_stays_shut() -> None:
    with pytest.raises(CannotUnseal):
        Vault({"old": b"x" * 32}).unseal(Vault(OLD).seal("secret", "p"), "p")


@both_databases
def test_secrets_swapped_between_two_people_open_for_neither(world: World) -> None:
    world.group("Finance", required=True)
    for name in ("alice", "bob"):
        world.linked_earlier(name, groups_=("Finance",))
    with world.data():
        one, other = db.session.scalars(select(Authenticator))
        one.sealed_secret, other.sealed_secret = other.sealed_secret, one.sealed_secret
    for name in ("alice", "bob"):
        visitor = world.password_given(name)
        page = visitor.press("Log in", code=world.phones["bob" if name == "alice" else "alice"].code())
        assert page.status == 503
        assert visitor.open("/").path == "/login/code"


@both_databases
def test_an_app_moved_to_another_person_opens_for_nobody(world: World) -> None:
    world.group("Finance", required=True)
    for name in ("alice", "bob"):
        world.linked_earlier(name, groups_=("Finance",))
    with world.data():
        db.session.execute(delete(Authenticator).where(Authenticator.user_id == world.user("bob").id))
        db.session.execute(update(Authenticator).values(user_id=world.user("bob").id))
    bob = world.password_given("bob")
    assert bob.press("Log in", code=world.phones["alice"].code()).status == 503
    assert bob.open("/").path == "/login/code"


def test_a_secret_that_cannot_be_unsealed_lets_nobody_in_without_it(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    with world.data():
        db.session.execute(update(Authenticator).values(sealed_secret="v1:gone:AAAA"))
    alice = world.password_given("alice")
    assert alice.press("Log in", code=world.phones["alice"].code()).status == 503
    assert alice.open("/").path == "/login/code"
    assert alice.open("/enrolment").path == "/login/code"


def test_secrets_tokens_and_codes_are_nowhere_in_the_database_file(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.log_in_and_wait("alice", remember=True)
    secret = world.phones["alice"].secret
    raw = base64.b32decode(secret)
    known = [secret.encode(), raw, raw.hex().encode(), base64.b64encode(raw), alice.cookie("sid").encode()]
    known += [cookie.value.encode() for cookie in alice.client._cookies.values() if len(cookie.value) > 20]
    files = list(world.app.config["SETTINGS"].instance_path.glob("second-gate.sqlite3*"))
    stored = b"".join(path.read_bytes() for path in files)
    assert b"alice@example.com" in stored
    assert not [value for value in known if value in stored]
