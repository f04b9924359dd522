"""`flask doctor`: everything that could keep the site from doing its work, as sentences with cures."""

from collections.abc import Iterator

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli import examination
from mfa_app.cli.examination.diagnosis import Diagnosis
from mfa_app.cli.terminal import Stop
from mfa_app.core.common import clock
from mfa_app.core.operations import health_checks
from mfa_app.core.operations.health_checks import Check
from mfa_app.settings import Settings
from mfa_app.wording.health import describe


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Look at the installation and say what is wrong with it, and the cure. Exit code 1 if anything is."""
    settings: Settings = current_app.config["SETTINGS"]
    checks = health_checks.run_checks(settings, now=clock.now())
    for check in checks:
        if check.problem is None:
            click.echo(_("ok       %(name)s", name=check.name))
    found = [*_of_checks(checks, settings), *examination.of_settings(settings)]
    if all(check.problem is None for check in checks):
        found += examination.of_data(settings)
    for diagnosis in sorted(found, key=lambda one: not one.wrong):
        click.echo(f"{_('WRONG') if diagnosis.wrong else _('warning'):8} {diagnosis.sentence}")
        click.echo(f"         {diagnosis.cure}")
    wrong = sum(diagnosis.wrong for diagnosis in found)
    if wrong:
        raise Stop(ngettext("%(num)s thing is wrong.", "%(num)s things are wrong.", wrong))
    warnings = ngettext("%(num)s warning.", "%(num)s warnings.", len(found))
    click.echo(_("Nothing is wrong; %(warnings)s", warnings=warnings))


def _of_checks(checks: list[Check], settings: Settings) -> Iterator[Diagnosis]:
    for check in checks:
        if check.problem is not None:
            words = describe(check, settings)
            yield Diagnosis(words.sentence, words.cure, wrong=True)
