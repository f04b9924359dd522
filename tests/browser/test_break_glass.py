"""Break-glass codes from the set-up to the day when the phone is lost, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.models import Role
from tests.support.chromium import Window
from tests.support.world import PASSWORD, World

pytestmark = pytest.mark.browser
CAROL = "carol@example.com"


def set_up(world: World, window: Window) -> None:
    """Let carol become the first administrator, link a phone and go on to the site's codes."""
    with world.data():
        link = "/link/" + one_time_links.create(Purpose.SETUP, None, now=world.clock())
    window.open(link)
    fields = {"Your name": "Carol", "Email address": CAROL, "Password": PASSWORD}
    window.press_after_filling("Create the administrator", fields)
    window.enable(window.scan().code())
    window.follow("Not now")
    window.sees("Break-glass codes")


def printed_codes(window: Window) -> list[str]:
    """Let somebody make the codes, and return them as they stand on paper: a sheet each, and nothing else."""
    window.press("Make the codes")
    window.page.emulate_media(media="print")
    for nothing_to_print in ("Print", "Both are in their envelopes", "Log out", "Seal each of them"):
        expect(window.page.get_by_text(nothing_to_print).first).to_be_hidden()
    codes = window.page.locator(".break-glass-sheet code")
    expect(codes).to_have_count(2)
    found = codes.all_inner_texts()
    window.page.emulate_media(media="screen")
    return found


def test_with_a_code_from_an_envelope_an_administrator_without_a_phone_gets_in(
    world: World, new_window: Callable[..., Window]
) -> None:
    window = new_window()
    set_up(world, window)
    codes = printed_codes(window)
    window.follow("Both are in their envelopes")
    window.is_in("Carol")
    window.log_out()
    world.linked_earlier("anton", role=Role.ADMIN)
    window.give_password(CAROL)
    window.follow("Use a break-glass code")
    window.type_into("Break-glass code", codes[0].upper().replace("-", " "))
    window.press("Continue")
    window.reads("The break-glass code is used up")
    window.enable(window.scan().code())
    assert world.mails("anton")[-1] == "break_glass_alarm"
    assert "break_glass_used" in world.mails("carol")
    window.follow("Not now")
    window.reads("1 of 2 break-glass codes is left")
    window.press("Make new codes")
    assert world.mails("anton")[-1] == "break_glass_made"
