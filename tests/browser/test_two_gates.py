"""What the script of the pages does at the two gates. What needs no browser is in `tests/pages`."""

import pytest
from playwright.sync_api import Request, expect

from mfa_app.core.common.locks import lock_administration
from tests.support.chromium import Window
from tests.support.stories import alice_at_the_code_page
from tests.support.world import World

pytestmark = pytest.mark.browser


def test_a_second_click_while_the_site_is_slow_sends_no_second_code(world: World, window: Window) -> None:
    window.goes_on_as(world.after(alice_at_the_code_page))
    window.open("/login/code")
    window.sees("2-factor authentication")
    window.field("6-digit code").fill(world.phones["alice"].code())
    sent: list[Request] = []
    window.page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    place = window.page.get_by_role("button", name="Log in", exact=True).bounding_box()
    with world.data():
        lock_administration()  # holds the database's lock: the answer has to wait
        with window.page.expect_request("**/login/code"):
            window.page.mouse.click(place["x"] + 9, place["y"] + 9)
        window.page.mouse.click(place["x"] + 9, place["y"] + 9)
    window.is_in("Alice")
    assert len(sent) == 1


def test_a_password_can_be_looked_at_while_it_is_typed(window: Window) -> None:
    window.open("/login")
    window.field("Password").fill("seven quiet lanterns by the river")
    window.press("Show the password")
    expect(window.field("Password")).to_have_attribute("type", "text")
    window.press("Hide the password")
    expect(window.field("Password")).to_have_attribute("type", "password")
