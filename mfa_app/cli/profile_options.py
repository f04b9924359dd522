"""The options of `users add` and `users edit` for what else an account may have: a last day, and a number."""

from dataclasses import replace
from datetime import date

import click

from mfa_app.cli.support.options import together
from mfa_app.cli.support.types import DAY, DIRECTORY_NUMBER
from mfa_app.core.users.accounts import Profile

# One that is left out is None.
profile_options = together(
    click.option("--last-day", type=DAY, help="The last day of the account, such as 2027-03-31."),
    click.option(
        "--directory-number",
        type=DIRECTORY_NUMBER,
        help="The telephone number in the company directory, for the help desk to call back.",
    ),
)


def with_entries(profile: Profile, *, last_day: date | None, directory_number: str | None) -> Profile:
    """Return a profile with what these options say. What is left out stays; an empty number is none."""
    if last_day is not None:
        profile = replace(profile, last_day=last_day)
    if directory_number is not None:
        profile = replace(profile, directory_number=directory_number or None)
    return profile
