"""Two applications in one process share no keys, names, clocks, hash costs or observers."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from mfa_app import create_app
from mfa_app.core.audit import stream
from mfa_app.core.audit.chain import RowObservers
from mfa_app.core.common import clock
from mfa_app.core.common.errors import UnacceptablePassword
from mfa_app.core.keys.vault import CannotUnseal, vault
from mfa_app.core.mail import outbox
from mfa_app.core.mail.outbox import Mail, MailObservers
from mfa_app.core.passwords import hashing, strength
from mfa_app.core.passwords.hashing import HashCost
from mfa_app.extensions import db
from mfa_app.models import AuditEvent
from mfa_app.settings import load_settings
from mfa_app.site import site
from mfa_app.web.http import metrics
from tests.support.site_parts import part_of, put
from tests.support.world import World

THEN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CHEAP = HashCost(memory_kib=64, passes=1)
MADE_OF_THE_NAME = "Kranich Logistik 2026"


def application(folder: Path, site_name: str, **overrides: object) -> Flask:
    settings = load_settings({"MFA_INSTANCE_PATH": str(folder), "MFA_SITE_NAME": site_name})
    return create_app(settings, **overrides)


@pytest.fixture
def kranich(tmp_path: Path) -> Flask:
    """The application that is made first, with a clock and a hash cost of its own."""
    return application(tmp_path / "kranich", "Kranich Logistik", CLOCK=lambda: THEN, PASSWORD_HASH_COST=CHEAP)


@pytest.fixture
def sperber(tmp_path: Path, kranich: Flask) -> Flask:
    """Another application, made later in the same process."""
    return application(tmp_path / "sperber", "Sperber")


def test_what_one_has_sealed_opens_only_there(kranich: Flask, sperber: Flask) -> None:
    with kranich.app_context():
        sealed = vault().seal("secret", "place")
    with sperber.app_context(), pytest.raises(CannotUnseal):
        vault().unseal(sealed, "place")
    with kranich.app_context():
        assert vault().unseal(sealed, "place") == "secret"


def test_the_name_of_one_makes_no_password_there_alone(kranich: Flask, sperber: Flask) -> None:
    with sperber.app_context():
        strength.check_acceptable(MADE_OF_THE_NAME, own_names=[])
    with kranich.app_context(), pytest.raises(UnacceptablePassword):
        strength.check_acceptable(MADE_OF_THE_NAME, own_names=[])


def test_each_has_its_clock(kranich: Flask, sperber: Flask) -> None:
    long_ago = datetime(2026, 1, 31, tzinfo=UTC)
    with kranich.app_context(), clock.standing_at(long_ago):
        assert clock.now() == long_ago
        with sperber.app_context():
            assert clock.now() > THEN
    with kranich.app_context():
        assert clock.now() == THEN


def test_each_hashes_at_its_cost(kranich: Flask, sperber: Flask) -> None:
    with kranich.app_context():
        hashed = hashing.hash_password("seven quiet lanterns by the river")
        assert "$m=64,t=1,p=1$" in hashed
        assert not hashing.needs_rehash(hashed)
    with sperber.app_context():
        assert hashing.needs_rehash(hashed)
        assert hashing.verify(hashed, "seven quiet lanterns by the river")


def test_each_tells_its_own_observers_of_a_commit(world: World) -> None:
    other = create_app(world.app.config["SETTINGS"], MAIL_IN_BACKGROUND=False)
    told: dict[str, list[AuditEvent]] = {"one": [], "other": []}
    put(world.app, RowObservers(told["one"].append))
    put(other, RowObservers(told["other"].append))
    world.group("Finance")
    assert [row.event for row in told["one"]] == ["group.created"]
    assert told["other"] == []


def test_mail_is_told_of_once_its_commit_has_succeeded(world: World) -> None:
    told: list[str] = []
    put(world.app, MailObservers(lambda: told.append("mail")))
    world.person("alice")
    with world.app.app_context():
        outbox.enqueue(Mail.LINKED, world.user("alice"), now=world.clock())
        db.session.rollback()
        db.session.commit()
        assert told == []
        outbox.enqueue(Mail.LINKED, world.user("alice"), now=world.clock())
        outbox.enqueue(Mail.REMOVED, world.user("alice"), now=world.clock())
        assert told == []
        db.session.commit()
        db.session.commit()
        assert told == ["mail"]


def test_rows_of_the_trail_are_streamed_and_counted(app: Flask) -> None:
    assert part_of(app, RowObservers).observers == (stream.stream_row, metrics.count_event)


def test_no_application_has_no_site() -> None:
    with pytest.raises(RuntimeError):
        site()
