"""A day is a day in the company's time zone: it begins, ends and is written there, on every page alike."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mfa_app.core.common import days
from mfa_app.core.policy import rules
from tests.support.browser import Visitor
from tests.support.clock import FakeClock
from tests.support.terminal import done
from tests.support.world import World

ZONES = ["UTC", "America/Los_Angeles", "Pacific/Auckland"]  # none, far behind it and far ahead of it
SHORT_AND_LONG = {"Europe/Amsterdam": "2026-03-29", "America/New_York": "2026-11-01"}  # 23 hours, 25 hours
REASON = "Works where no phone is allowed"


@pytest.fixture
def zone(request: pytest.FixtureRequest) -> str:
    """The company's time zone; Amsterdam unless the test says otherwise."""
    return getattr(request, "param", "Europe/Amsterdam")


@pytest.fixture
def environment(environment: dict[str, str], zone: str) -> dict[str, str]:
    return {**environment, "MFA_TIME_ZONE": zone}


@pytest.fixture
def carol(world: World) -> Visitor:
    """The administrator, at work since she linked her app. Alice is in Finance."""
    world.group("Finance")
    visitor = world.at_work("carol")
    world.person("alice", groups_=("Finance",))
    return visitor


def in_every_zone(test: object) -> object:
    return pytest.mark.parametrize("zone", ZONES, indirect=True)(test)


def moment(day: str, zone: str, at: str = "00:00:00") -> datetime:
    """Return the time that the clocks of a zone show on this day."""
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone)).astimezone(UTC)


def start_finance(carol: Visitor, day: str, **fields: str) -> None:
    carol.open("/admin/groups/1/policy")
    carol.press("Continue", required="y", required_from=day, **fields)
    carol.press("Switch on for 1 person")


def exempt(world: World, carol: Visitor, name: str, until: str) -> None:
    carol.open(f"/admin/people/{world.id_of(name)}/policy")
    carol.press("Exempt this person", until=until, reason=REASON)
    assert "Exemption saved." in carol.current.text


@in_every_zone
def test_a_rule_starts_with_its_day_and_the_fields_name_the_zone(
    world: World, clock: FakeClock, carol: Visitor, zone: str
) -> None:
    assert f"when this day begins ({zone})" in carol.open("/admin/groups/1/policy").text
    start_finance(carol, "2026-03-10")
    clock.moment = moment("2026-03-03", zone, "00:30:00")
    page = world.log_in_and_wait("carol").open(f"/admin/people/{world.id_of('alice')}/policy")
    assert f"the last minute of the day ({zone})" in page.text
    assert (page.html.find(id="until")["min"], page.html.find(id="until")["max"]) == (
        "2026-03-04",
        "2027-03-04",
    ), "the company's tomorrow"
    clock.moment = moment("2026-03-10", zone) - timedelta(seconds=1)
    alice = world.password_given("alice")
    assert alice.current.path == "/"
    clock.advance(seconds=1)
    assert alice.open("/account").path == "/enrolment"


@pytest.mark.parametrize(("zone", "day"), SHORT_AND_LONG.items(), indirect=["zone"])
def test_days_with_23_and_25_hours_begin_and_end_at_midnight(
    world: World, carol: Visitor, zone: str, day: str
) -> None:
    start_finance(carol, day)
    exempt(world, carol, "alice", day)
    with world.data():
        end, start = world.user("alice").exempt_until, world.group_row("Finance").required_from
        assert end is not None
        assert start is not None
        assert end - start + timedelta.resolution == timedelta(hours=23 if zone == "Europe/Amsterdam" else 25)


@in_every_zone
def test_the_day_of_a_rule_is_the_same_wherever_it_is_shown(world: World, carol: Visitor, zone: str) -> None:
    start_finance(carol, "2026-03-10", grace_days="2")
    assert "Required from 10 Mar 2026" in carol.open("/admin/groups/1").text
    assert "Required from 10 Mar 2026" in carol.open("/admin/groups").text
    assert "Required from 10 Mar 2026" in carol.open("/admin/policy").text
    assert carol.open("/admin/groups/1/policy").value("required_from") == "2026-03-10"
    assert "10 Mar 2026" in carol.open("/admin/trail").text
    alice = world.password_given("alice")
    assert "Link an authentication app or add a passkey before 10 Mar 2026" in alice.current.text
    assert "before 10 Mar 2026" in alice.open("/account").text
    assert "by 10 March 2026, 00:00" in carol.open(f"/admin/people/{world.id_of('alice')}").text
    typed = world.app.test_cli_runner()
    assert "2026-03-10 00:00" in done(typed.invoke(args=["groups", "list"]))
    assert "by 10 March 2026, 00:00" in done(typed.invoke(args=["policy", "explain", "alice@example.com"]))


@in_every_zone
def test_an_exemption_has_one_last_day_on_every_page_and_ends_with_it(
    world: World, clock: FakeClock, carol: Visitor, zone: str
) -> None:
    world.require("Finance")
    exempt(world, carol, "alice", "2026-03-10")
    person = f"/admin/people/{world.id_of('alice')}"
    assert "exempt until 10 March 2026" in carol.open(person).text
    assert "Last day 10 March 2026" in carol.open(f"{person}/policy").text
    assert "10 Mar 2026" in carol.open("/admin/trail").text
    explained = world.app.test_cli_runner().invoke(args=["policy", "explain", "alice@example.com"])
    assert "exempt until 10 March 2026" in done(explained)
    assert "until 2026-03-10 23:59" in explained.output
    assert "Exemption: since 2026-03-0" in explained.output
    clock.moment = moment("2026-03-10", zone, "23:59:59.900000")
    alice = world.password_given("alice")
    assert alice.current.path == "/"
    clock.moment = moment("2026-03-11", zone)
    assert alice.open("/account").path == "/enrolment"


def test_a_rule_keeps_its_moment_until_it_gets_another_day(
    world: World, clock: FakeClock, carol: Visitor
) -> None:
    old = datetime(2026, 3, 10, tzinfo=UTC)  # an hour after midnight in Amsterdam
    world.require("Finance", required_from=old)
    carol.open("/admin/groups/1/policy")
    assert "this is the rule as it is now" in carol.press("Continue").text
    carol.press("Back")
    carol.press("Continue", remember_days="7")
    carol.press("Save")
    with world.data():
        assert rules.values_of(world.group_row("Finance")) == rules.RuleValues(True, old, 0, 7)
    carol.open("/admin/groups/1/policy")
    carol.press("Continue", required_from="2026-03-11")
    carol.press("Save")
    with world.data():
        assert rules.values_of(world.group_row("Finance")).required_from == days.start_of(date(2026, 3, 11))


def test_the_trail_stays_in_utc_and_says_so(world: World, carol: Visitor) -> None:
    page = carol.open("/admin/trail")
    times = [time.get_text(strip=True) for time in page.html.select("main time")]
    assert times and set(times) <= {"09:00", "09:01"}
    assert [day.get_text() for day in page.html.select("main h2")] == ["Monday 2 March 2026 (UTC)"]
    assert not page.html.select("main time[data-local]")
    assert "Days and times are in UTC, in the file for other programs too." in page.text
    assert "The file for Excel has the time of Europe/Amsterdam." in page.text


def test_an_email_tells_the_companys_time(world: World, carol: Visitor) -> None:
    world.deliver()
    assert "2 March 2026, 10:0" in world.last_mail()
    assert " CET" in world.last_mail()
