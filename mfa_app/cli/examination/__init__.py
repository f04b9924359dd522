"""What the doctor looks at beside the checks of /readyz: settings, files, other machines, keys, people."""

from collections.abc import Iterator

from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import func, select

from mfa_app.cli.examination import files, network
from mfa_app.cli.examination.diagnosis import Diagnosis
from mfa_app.core.common import clock
from mfa_app.core.keys.vault import vault
from mfa_app.core.operations import key_rotation
from mfa_app.core.operations.health_checks import CLOCK_TOLERANCE
from mfa_app.core.policy.facts import find_subjects
from mfa_app.extensions import db
from mfa_app.models import Role, User
from mfa_app.settings import Settings


def of_settings(settings: Settings) -> Iterator[Diagnosis]:
    """Look at everything but the database."""
    yield from files.examine(settings)
    yield from network.examine(settings)
    if clock.kept_in_step() is False:
        yield Diagnosis(
            _("No time service (NTP) seems to set this machine's clock, so it may go wrong unnoticed."),
            _("Please run: timedatectl set-ntp true"),
        )
    if not (settings.admin_email or settings.help_email or settings.help_url):
        yield Diagnosis(
            _("Who lost the phone reads nowhere whom to ask."),
            _("Set MFA_HELP_EMAIL, MFA_HELP_URL or MFA_ADMIN_EMAIL."),
        )


def of_data(settings: Settings) -> Iterator[Diagnosis]:
    """Look at what is in a database that works."""
    yield from _database_clock()
    yield from network.addresses(settings)
    outdated = sum(count for key, count in key_rotation.keys_in_use().items() if key != vault().current)
    if outdated:
        yield Diagnosis(
            _("%(count)s secrets are not sealed under the current key yet.", count=outdated),
            _("Finish the rotation: flask --app wsgi keys rotate"),
        )
    yield from _administrators()


def _database_clock() -> Iterator[Diagnosis]:
    if db.engine.name != "postgresql":
        return
    there, here = db.session.scalar(select(func.clock_timestamp())), clock.now()
    if abs(there - here) > CLOCK_TOLERANCE:
        times = {"here": format_datetime(here), "there": format_datetime(there)}
        yield Diagnosis(
            _("The clock here shows %(here)s UTC, the one of the database %(there)s UTC.", **times),
            _("Set both by NTP: codes, sessions and links depend on the one here."),
            wrong=True,
        )


def _administrators() -> Iterator[Diagnosis]:
    present = find_subjects(User.role == Role.ADMIN, User.disabled_at.is_(None))
    if not present:
        yield Diagnosis(
            _("There is no administrator."),
            _("A link that makes the first: flask --app wsgi setup-link. Or: users role EMAIL admin"),
            wrong=True,
        )
    for person in present:
        if person.authenticator is not None and person.authenticator.locked_at is not None:
            email = person.user.email
            yield Diagnosis(
                _("%(email)s administers, and is locked out after too many wrong codes.", email=email),
                _("Please run: flask --app wsgi users reset-2fa %(email)s", email=email),
            )
