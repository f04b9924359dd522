"""Whatever can be said has words: no refusal, event, limit, reason or trouble without a sentence."""

import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from flask import Flask

from mfa_app.core.audit.events import EndReason, Event
from mfa_app.core.common import clock, errors
from mfa_app.core.common.errors import Interruption, Refusal
from mfa_app.core.factors import ceremonies, diagnosis
from mfa_app.core.imports import plan, saving
from mfa_app.core.operations import logo
from mfa_app.core.operations.health_checks import Check, Problem
from mfa_app.core.passwords import hashing
from mfa_app.core.policy.decision import PolicySource, Reason
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.sessions import revocation
from mfa_app.core.throttling import blocked
from mfa_app.models import Ending, Role
from mfa_app.wording import events, health
from mfa_app.wording.labels import limit_name, role_name
from mfa_app.wording.policy import why, why_linked
from mfa_app.wording.refusals import sentence
from tests.support.world import World

MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
FACTS = {
    "kind": "OperationalError",
    "reason": "Connection refused",
    "encoding": "LATIN1",
    "place": "site at db.example.com",
    "is_file": False,
    "user": 7,
    "folder": "/var/lib/second-gate",
    "clock": MOMENT,
    "newest": MOMENT,
    "database": MOMENT,
    "waiting": 2,
    "since": MOMENT,
    "error": None,
    "row": 7,
    "used_at": MOMENT,
}
EXPLANATIONS = (
    *(errors.ClockOff(seconds, None, 1) for seconds in (-60, -240, 60, 240)),
    *(errors.OtherSettings(*settings) for settings in diagnosis._OTHER_SETTINGS),
    *(
        errors.FormerEntry(name, "Second Gate", MOMENT, MOMENT, ending)
        for ending in Ending
        for name in (None, "iPhone")
    ),
)


def every_kind_of(kind: type[Exception]) -> list[type[Exception]]:
    return [found for sub in kind.__subclasses__() for found in (sub, *every_kind_of(sub))]


@pytest.fixture
def app(world: World) -> Flask:
    """The application, within whose request words are found."""
    with world.app.test_request_context("/"):
        yield world.app


# A module of the room that raises each refusal with a reason.
ROOMS_OF_REASONS: dict[type[Exception], ModuleType] = {
    errors.ImportFileRefused: plan,
    errors.ImportStale: saving,
    errors.LogoRefused: logo,
    errors.PasskeyRefused: ceremonies,
    errors.UnacceptablePassword: hashing,
}


def made(kind: type[Exception]) -> list[Exception]:
    """Return a refusal of this kind, for each reason it can have."""
    if kind in (errors.Throttled, errors.EmailCodeTooSoon, errors.AccountLocked, errors.DeadlineOutOfRange):
        return [kind(clock.now())]
    if kind in (errors.TooManyApps, errors.TooManyPasskeys):
        return [kind(5)]
    if kind in ROOMS_OF_REASONS:
        return [kind(reason) for reason in reasons(kind, Path(ROOMS_OF_REASONS[kind].__file__ or "").parent)]
    if kind is errors.NotACode:
        return [kind(digits) for digits in (0, 1, 8, 12)] + [kind(0, setup_key=True)]
    if kind is errors.ExplainedCode:
        return [kind(explanation) for explanation in EXPLANATIONS]
    return [kind()]


def reasons(kind: type[Exception], room: Path) -> set[str]:
    """Return the reasons with which this room raises a refusal."""
    source = "".join(path.read_text("utf-8") for path in room.glob("*.py"))
    return set(re.findall(rf'{kind.__name__}\("([a-z ]+)"', source))


def test_every_refusal_has_a_sentence(app: Flask) -> None:
    kinds = [*every_kind_of(Refusal), *every_kind_of(Interruption)]
    refusals = [refusal for kind in kinds for refusal in made(kind)]
    assert len(refusals) > 20
    for refusal in refusals:
        assert sentence(refusal).endswith("."), refusal


def test_every_event_has_a_name_and_each_of_its_details_a_label() -> None:
    assert set(events._EVENTS) == set(Event)
    details = {detail for event in Event for detail in event.details} - {"after"}
    details |= set(RuleValues.__dataclass_fields__) | {"email", "name", "role", "groups"}
    assert not details - set(events._DETAILS)


def test_every_cause_of_an_end_of_trust_has_words() -> None:
    reasons = {because.value for because in (*EndReason, *revocation.RevocationReason)}
    assert not reasons - set(events._CODES)


def test_every_limit_that_is_shown_has_a_name(app: Flask) -> None:
    for limit in blocked.LISTED.values():
        assert limit_name(limit)


def test_every_reason_of_the_policy_has_words(app: Flask) -> None:
    for reason in Reason:
        because = PolicySource(reason, "Finance", MOMENT)
        assert why(because)
        assert why_linked(because) is None or why_linked(because).endswith(".")


def test_every_trouble_has_a_sentence_and_a_cure_of_its_own(app: Flask) -> None:
    settings = app.config["SETTINGS"]
    told = [health.describe(Check("it", trouble, FACTS), settings) for trouble in Problem]
    assert len({str(words.sentence) for words in told}) == len(Problem)
    assert all(words.cure for words in told)


def test_every_role_has_a_name(app: Flask) -> None:
    assert len({role_name(role) for role in Role}) == len(Role)
