"""Days are the company's in every browser, wherever in the world it is; times of day may be the visitor's."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.support.chromium import Window
from tests.support.stories import carol_at_work_and_finance
from tests.support.world import World

pytestmark = pytest.mark.browser

START = datetime(2026, 3, 9, 23, tzinfo=UTC)  # 10 March begins in Amsterdam
SHOWN = {
    "America/New_York": "2 Mar 2026, 04:01",
    "Europe/Amsterdam": "2 Mar 2026, 10:01",
    "Pacific/Auckland": "2 Mar 2026, 22:01",
}


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "MFA_TIME_ZONE": "Europe/Amsterdam"}


def days_on(window: Window) -> list[str]:
    """Return the days, without a time of day, that stand on the page once its script has run."""
    expect(window.page.locator("time[data-local]:not([title])")).to_have_count(0)
    return [text.strip() for text in window.page.locator("main time:not([data-local])").all_text_contents()]


@pytest.mark.parametrize("zone", SHOWN)
def test_the_day_that_is_chosen_is_shown_as_it_is_and_times_as_the_browsers(
    world: World, new_window: Callable[..., Window], zone: str
) -> None:
    window = new_window(timezone_id=zone, locale="en-GB")
    window.goes_on_as(world.after(carol_at_work_and_finance))
    chooses_the_first_day(window)
    with world.data():
        assert world.group_row("Finance").required_from == START
    world.person("alice", groups_=("Finance",))
    window.context.clear_cookies()
    window.goes_on_as(world.password_given("alice"))
    window.open("/")
    window.is_in("Alice")
    assert days_on(window) == ["10 Mar 2026"]
    window.follow("Your account")
    assert days_on(window) == ["10 Mar 2026"]
    active = window.page.locator("main time[data-local]").first
    expect(active).to_have_text(SHOWN[zone])
    expect(active).to_have_attribute("title", "2 Mar 2026, 10:01 CET")


def chooses_the_first_day(window: Window) -> None:
    """Let the administrator require 2FA of Finance from 10 March on."""
    window.open("/admin/groups/1/policy")
    window.field("Require 2-factor authentication").check()
    window.page.get_by_label("Start date").fill("2026-03-10")
    window.press("Continue")
    window.reads("Required from 10 Mar 2026")
    window.press("Switch on")
    window.sees("Finance")
    window.reads("Required from 10 Mar 2026")
