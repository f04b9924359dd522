"""`second-gate doctor`: everything that could keep the site from working, as sentences with cures."""

from collections.abc import Iterator
from dataclasses import asdict

import click
from flask.cli import with_appcontext
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.doctor import checks
from mfa_app.cli.doctor.finding import Finding, examine
from mfa_app.cli.support.command import CommandError
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.output import print_line
from mfa_app.core.common import clock
from mfa_app.core.operations import health_checks
from mfa_app.settings import Settings
from mfa_app.site import site
from mfa_app.wording.health import describe


@click.command("doctor")
@json_option
@with_appcontext
def doctor(*, as_json: bool) -> None:
    """Check the installation, and print how to fix what is wrong. Exit code 1 if anything is wrong."""
    settings = site()[Settings]
    well: list[str] = []
    found = list(examine(_basic, settings, well))
    if not as_json:
        _print_well(well)
    sound = not found
    found += examine(checks.of_settings, settings)
    if sound:
        found += examine(checks.of_data, settings)
    found.sort(key=lambda one: not one.wrong)
    if as_json:
        _print_json(well, found)
    else:
        _print_found(found)
    wrong = sum(finding.wrong for finding in found)
    if wrong:
        raise CommandError(ngettext("%(num)s problem.", "%(num)s problems.", wrong))
    if not as_json:
        warnings = ngettext("%(num)s warning.", "%(num)s warnings.", len(found))
        print_line(_("No problems, %(warnings)s", warnings=warnings))


def _basic(settings: Settings, well: list[str]) -> Iterator[Finding]:
    """Make the checks of /readyz, and collect the names of those that are well."""
    for check in health_checks.run_checks(settings, now=clock.now()):
        if check.problem is None:
            well.append(check.name)
        else:
            message = describe(check, settings)
            yield Finding(message.sentence, message.cure, wrong=True)


def _print_well(names: list[str]) -> None:
    for name in names:
        print_line(_("ok       %(name)s", name=name))


def _print_found(found: list[Finding]) -> None:
    for finding in found:
        print_line(f"{_('WRONG') if finding.wrong else _('warning'):8} {finding.sentence}")
        print_line(f"         {finding.cure}")


def _print_json(well: list[str], found: list[Finding]) -> None:
    for line in json_lines({"ok": well, "found": [asdict(finding) for finding in found]}):
        print_line(line)
