"""`second-gate site ...`: what is set for the site, and where."""

import click
from flask_babel import gettext as _

from mfa_app.cli.support.command import command_transaction
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.output import say, table
from mfa_app.core.operations import site_values
from mfa_app.settings import PREFIX
from mfa_app.wording.site_values import setting_text


@click.group("site")
def commands() -> None:
    """Show what is set for the site."""


@commands.command("show")
@json_option
@command_transaction
def show(*, as_json: bool) -> None:
    """Show what administrators can set on the page Site, and where each value comes from.

    The environment counts for most, then settings.toml, then the page. No password is shown.
    """
    values = site_values.current()
    rows = [
        (name, setting_text(values, name) or None, site_values.source_of(name)) for name in site_values.NAMES
    ]
    if as_json:
        say(*json_lines([{"name": name, "value": value, "source": source} for name, value, source in rows]))
        return
    lines = [(f"{PREFIX}{name.upper()}", value or "–", source) for name, value, source in rows]
    say(*table((_("SETTING"), _("VALUE"), _("FROM")), lines))
