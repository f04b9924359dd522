"""The types of command-line arguments, each with the sentence that rejects a wrong one."""

from datetime import date

import click

from mfa_app.core.common import days, text
from mfa_app.models import Role


class BoundedText(click.ParamType[str]):
    """One line of printable text with a limited number of characters, as the database columns allow."""

    name = "text"

    def __init__(self, most: int, least: int = 1) -> None:
        self.most, self.least = most, least

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text with single spaces and without what shows nothing, as the pages take it."""
        value = text.visible(value).strip()
        if not text.is_readable(value):
            self.fail("it must be one line of readable text.", param, ctx)
        value = text.one_line(value)
        if not self.least <= len(value) <= self.most:
            self.fail(f"it must be {self.least} to {self.most} characters long.", param, ctx)
        return value


class Day(click.ParamType[date]):
    """A day, such as 2027-03-31."""

    name = "day"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day. Reject what can only be a typing mistake."""
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail("it must be a day, such as 2027-03-31.", param, ctx)
        if day > days.FARTHEST:
            self.fail(f"it must be no later than {days.FARTHEST}.", param, ctx)
        return day


DAY = Day()
DIRECTORY_NUMBER = BoundedText(40, least=0)
MAIL_TEXT = BoundedText(1000, least=0)
REQUEST_NUMBER = BoundedText(64)
EMAIL, NAME, GROUP, REASON = BoundedText(320), BoundedText(300), BoundedText(200), BoundedText(1000)
ROLES = click.Choice([role.value for role in Role])
ON_OR_OFF = click.Choice(["on", "off"])
