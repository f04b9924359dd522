"""`second-gate site show`: each value of the site, and where it comes from."""

import json
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from mfa_app.core.operations import site_values
from mfa_app.core.operations.site_values import StoredValues
from tests.support.site_parts import part_of, put
from tests.support.terminal import Typist, done
from tests.support.world import TERMINAL, World


def test_each_value_says_where_it_comes_from_and_no_password_is_shown(
    world: World, typed: Typist, app_under: Callable[..., Flask]
) -> None:
    folder = Path(world.settings.instance_path)
    (folder / "settings.toml").write_text('MFA_HELP_PHONE = "+31 20 555 0100"\n', "utf-8")
    settings = app_under(MFA_SMTP_URL="smtps://gate:S3cret@mail.example.com").config["SETTINGS"]
    with world.data():
        hours = "Mon-Fri 08:00-18:00"
        stored = {"time_zone": "Europe/Amsterdam", "office_hours": hours, "approve_resets": "no"}
        stored |= {"applications": "Wiki = https://wiki.example.com"}
        site_values.change(stored, actor=TERMINAL)
    put(world.app, settings)
    part_of(world.app, StoredValues).forget()
    shown = {
        one["name"]: (one["value"], one["source"])
        for one in json.loads(done(typed("site", "show", "--json")))
    }
    assert shown["smtp_url"] == ("smtps://gate@mail.example.com", "environment")
    assert shown["help_phone"] == ("+31 20 555 0100", "settings.toml")
    assert shown["time_zone"] == ("Europe/Amsterdam", "page")
    assert shown["office_hours"] == (hours, "page")
    assert shown["approve_resets"] == ("no", "page")
    assert shown["applications"] == ("Wiki=https://wiki.example.com", "page")
    assert shown["reset_leads_to"] == ("link", "default")
    assert shown["help_url"] == (None, "default")
    output = done(typed("site", "show"))
    assert "MFA_TIME_ZONE" in output and hours in output and "S3cret" not in output
