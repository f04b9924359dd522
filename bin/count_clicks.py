"""Counts the presses and fields that common tasks take an administrator or the help desk, in Chromium.

`python -m bin.count_clicks` prints a table. The company is the demo's, and its clock stands. Each task begins
on the overview, or for the help desk on the list of people, and ends when a page says that it is done. A
press is a link, a button or a box; a field is typed.
"""

import logging
import tempfile
from collections.abc import Callable

from playwright.sync_api import expect

from bin.screenshots import CLOCK, demo_site
from mfa_app.cli.demo.company import DemoLogin
from tests.support.chromium import Window, running_chromium
from tests.support.phone import Phone

GROUPS = ("Workshop", "Reception", "Drivers")
NEW_PEOPLE = 20
OVERVIEW = "/admin"
PEOPLE = "/admin/people"
NOBODY = "smtp://127.0.0.1:9"  # a mail server, so that no page shows a link to pass on; it never answers


class Counting:
    """A window that counts what is pressed and typed in it. `heard`: what a caller has read out."""

    def __init__(self, window: Window, heard: str) -> None:
        self._window, self.heard, self.presses, self.fields = window, heard, 0, 0

    def follow(self, words: str) -> None:
        """Click a link."""
        self.presses += 1
        self._window.follow(words)

    def press(self, words: str) -> None:
        """Press a button."""
        self.presses += 1
        self._window.press(words)

    def click(self, selector: str) -> None:
        """Click the first thing of a kind."""
        self.presses += 1
        self._window.is_ready()
        self._window.page.locator(selector).first.click()

    def tick(self, label: str) -> None:
        """Tick a box."""
        self.presses += 1
        self._window.field(label).check()

    def type_into(self, label: str, text: str) -> None:
        """Type into a field."""
        self.fields += 1
        self._window.is_ready()
        self._window.field(label).fill(text)

    def reads(self, sentence: str) -> None:
        """Wait until a sentence stands on the page."""
        expect(self._window.page.get_by_text(sentence).first).to_be_visible()


def make_groups(window: Counting) -> None:
    """Make three groups."""
    window.follow("Groups")
    window.follow("New group")
    for name in GROUPS:
        window.type_into("Name", name)
        window.press("Create the group" if name == GROUPS[-1] else "Create and make another")
        window.reads(f"Group {name} created.")


def add_people(window: Counting) -> None:
    """Add twenty people, one after the other."""
    window.follow("People")
    window.follow("Add a person")
    for number in range(NEW_PEOPLE):
        window.type_into("Name", f"Person {number:02}")
        window.type_into("Email address", f"person{number:02}@firma.example")
        window.press("Add and add another" if number < NEW_PEOPLE - 1 else "Add the person")
        window.reads(f"Person {number:02}")


def start_rule(window: Counting) -> None:
    """Let a group's rule start on a day, with seven days of grace."""
    window.follow("Groups")
    window.follow("Sales")
    window.follow("Change the rule")
    window.tick("Require 2-factor authentication")
    window.type_into("Start date (optional)", "2026-03-09")
    window.type_into("Grace period (days)", "7")
    window.press("Continue")
    window.click("main .buttons .btn-primary")
    window.reads("Required from")


def see_who_is_left(window: Counting) -> None:
    """See who has not linked an app yet."""
    window.follow("Roll-out")
    window.reads("Who must still link")


def remind(window: Counting) -> None:
    """Remind all of them."""
    window.follow("Roll-out")
    window.click("main .actions .btn-primary")
    window.reads("reminded")


def exempt(window: Counting) -> None:
    """Exempt one person for two weeks."""
    window.follow("People")
    window.type_into("Name or email address", "boris")
    window.press("Search")
    window.follow("Boris Vogel")
    window.follow("Requirement and exemption")
    window.type_into("Last day", "2026-03-16")
    window.type_into("Reason", "Broken phone")
    window.press("Exempt this person")
    window.reads("Broken phone")


def end_exemption(window: Counting) -> None:
    """End that exemption."""
    window.follow("Exemptions")
    window.follow("Change or end Boris Vogel")
    window.press("End the exemption")
    window.reads("ended")


def reset_for_number(window: Counting) -> None:
    """Reset somebody who reads out a number, after calling back."""
    window.follow("Requests")
    window.type_into("Number of the request", window.heard)
    window.press("Open the request")
    window.tick("I called back on the number in the directory")
    window.press("Reset 2-factor authentication")
    window.reads("2-factor authentication reset for Carla Rossi.")


def reset_without_number(window: Counting) -> None:
    """Reset somebody who has no number, after calling back."""
    _open_caller(window, "oskar", "Oskar Lehmann")
    window.follow("Reset 2-factor authentication")
    window.tick("I called back on the number in the directory")
    window.type_into("Reason", "Phone lost on the train")
    window.press("Reset 2-factor authentication")
    window.reads("2-factor authentication reset for Oskar Lehmann.")


def let_try_again(window: Counting) -> None:
    """Let a caller try again who has given too many wrong passwords."""
    _open_caller(window, "boris", "Boris Vogel")
    window.press("Let this person try again")
    window.reads("can try again now.")


def invite_again(window: Counting) -> None:
    """Send a caller's invitation again."""
    _open_caller(window, "kim", "Kim Nguyen")
    window.press("Send again")
    window.reads("is on its way to")


def see_failed_mails(window: Counting) -> None:
    """See which emails could not be sent."""
    window.follow("Show which")
    window.reads("Emails that could not be sent")


def see_failed_mails_of_staff(window: Counting) -> None:
    """See which emails to the people one helps could not be sent."""
    window.follow("Emails")
    window.reads("Emails that could not be sent")


def _open_caller(window: Counting, typed: str, name: str) -> None:
    window.type_into("Name or email address", typed)
    window.press("Search")
    window.follow(name)


TASKS: tuple[Callable[[Counting], None], ...] = (
    make_groups,
    add_people,
    start_rule,
    see_who_is_left,
    remind,
    exempt,
    end_exemption,
    see_failed_mails,
)
OF_THE_HELP_DESK = (
    let_try_again,
    invite_again,
    see_failed_mails_of_staff,
    reset_for_number,
    reset_without_number,
)


def number_of_caller(window: Window, caller: DemoLogin) -> str:
    """Let somebody ask for a reset; return the number on the page that waits."""
    window.give_password(caller.email, caller.password)
    window.follow("Lost your authentication app?")
    window.field("My phone is lost or stolen").check()
    window.press("Ask for a reset")
    return window.page.locator(".request-number").inner_text()


def main() -> None:
    """Do each task once, and print what it took."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with (
        tempfile.TemporaryDirectory() as folder,
        demo_site(folder, MFA_SMTP_URL=NOBODY) as (site, logins),
        running_chromium() as browser,
    ):
        who = {login.email.partition("@")[0]: login for login in logins}

        def window() -> Window:
            return Window(browser.new_context(timezone_id="UTC", reduced_motion="reduce"), site, CLOCK)

        guess(window(), "boris.vogel@firma.example")
        heard = number_of_caller(window(), who["carla"])
        print(f"{'Task':<66}{'Presses':>8}{'Fields':>8}")
        for name, start, tasks in (("ada", OVERVIEW, TASKS), ("ben", PEOPLE, OF_THE_HELP_DESK)):
            at_work = window()
            log_in(at_work, who[name])
            for task in tasks:
                at_work.open(start)
                count(at_work, task, heard)


def guess(window: Window, email: str) -> None:
    """Give wrong passwords for an account until the next one has to wait."""
    for number in range(7):
        window.give_password(email, f"wrong password {number}")


def log_in(window: Window, login: DemoLogin) -> None:
    """Log in with a code."""
    window.give_password(login.email, login.password)
    window.give_code(Phone(f"otpauth://?secret={login.secret}", CLOCK).code())
    window.is_at("/")


def count(window: Window, task: Callable[[Counting], None], heard: str) -> None:
    """Do a task, and print what it took. `heard`: what a caller has read out."""
    counting = Counting(window, heard)
    task(counting)
    print(f"{(task.__doc__ or '').rstrip('.'):<66}{counting.presses:>8}{counting.fields:>8}", flush=True)


if __name__ == "__main__":
    main()
