"""Days are the company's in every browser, wherever in the world it is; times of day may be the visitor's."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.support.chromium import Window
from tests.support.world import World

pytestmark = pytest.mark.browser

VISITORS = ["America/New_York", "Europe/Amsterdam", "Pacific/Auckland"]
START = datetime(2026, 3, 9, 23, tzinfo=UTC)  # 10 March begins in Amsterdam
SHOWN = {
    "America/New_York": "2 Mar 2026, 04:00",
    "Europe/Amsterdam": "2 Mar 2026, 10:00",
    "Pacific/Auckland": "2 Mar 2026, 22:00",
}


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "MFA_TIME_ZONE": "Europe/Amsterdam"}


def days_on(window: Window) -> list[str]:
    """Return the days, without a time of day, that stand on the page once its script has run."""
    expect(window.page.locator("time[data-local]:not([title])")).to_have_count(0)
    return [text.strip() for text in window.page.locator("main time:not([data-local])").all_text_contents()]


@pytest.mark.parametrize("zone", VISITORS)
def test_a_browser_shows_the_companys_days_and_its_own_times(
    world: World, new_window: Callable[..., Window], zone: str
) -> None:
    world.group("Finance", required=True, required_from=START)
    world.person("alice", groups_=("Finance",))
    window = new_window(timezone_id=zone, locale="en-GB")
    window.give_password("alice@example.com")
    window.is_in("Alice")
    assert days_on(window) == ["10 Mar 2026"]
    window.follow("Your account")
    assert days_on(window) == ["10 Mar 2026"]
    active = window.page.locator("main time[data-local]").first
    expect(active).to_have_text(SHOWN[zone])
    expect(active).to_have_attribute("title", "2 Mar 2026, 10:00 CET")


@pytest.mark.parametrize("zone", VISITORS)
def test_a_day_that_is_chosen_is_the_day_that_every_page_shows(
    world: World, new_window: Callable[..., Window], zone: str
) -> None:
    world.linked_earlier("carol")
    world.group("Finance")
    window = new_window(timezone_id=zone)
    window.give_password("carol@example.com")
    window.give_code(world.phones["carol"].code())
    window.is_in("Carol")
    window.open("/admin/groups/1/policy")
    window.field("Require 2-factor authentication").check()
    window.page.get_by_label("Start date").fill("2026-03-10")
    window.press("Continue")
    window.reads("Required from 10 Mar 2026")
    window.press("Switch on")
    window.sees("Finance")
    window.reads("Required from 10 Mar 2026")
    with world.data():
        assert world.group_row("Finance").required_from == START
