"""`second-gate doctor`: everything that could keep the site from working, as sentences with cures."""

from collections.abc import Iterator

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.doctor import checks
from mfa_app.cli.doctor.finding import Finding, examine
from mfa_app.cli.support.command import CommandError
from mfa_app.cli.support.output import print_line
from mfa_app.core.common import clock
from mfa_app.core.operations import health_checks
from mfa_app.settings import Settings
from mfa_app.wording.health import describe


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Check the installation, and print how to fix what is wrong. Exit code 1 if anything is wrong."""
    settings: Settings = current_app.config["SETTINGS"]
    found = list(examine(_basic, settings))
    sound = not found
    found += examine(checks.of_settings, settings)
    if sound:
        found += examine(checks.of_data, settings)
    for finding in sorted(found, key=lambda one: not one.wrong):
        print_line(f"{_('WRONG') if finding.wrong else _('warning'):8} {finding.sentence}")
        print_line(f"         {finding.cure}")
    wrong = sum(finding.wrong for finding in found)
    if wrong:
        raise CommandError(ngettext("%(num)s problem.", "%(num)s problems.", wrong))
    warnings = ngettext("%(num)s warning.", "%(num)s warnings.", len(found))
    print_line(_("No problems, %(warnings)s", warnings=warnings))


def _basic(settings: Settings) -> Iterator[Finding]:
    """Make the checks of /readyz, and print which of them are well."""
    for check in health_checks.run_checks(settings, now=clock.now()):
        if check.problem is None:
            print_line(_("ok       %(name)s", name=check.name))
        else:
            message = describe(check, settings)
            yield Finding(message.sentence, message.cure, wrong=True)
