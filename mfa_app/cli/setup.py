"""`flask prepare` and `flask setup-link`: from an empty folder to the first administrator."""

import contextlib
from collections.abc import Iterator

import click
from flask import current_app
from flask_babel import gettext as _

from mfa_app.cli import database
from mfa_app.cli.terminal import actor, link_to, saves
from mfa_app.core.audit import chain
from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import clock
from mfa_app.core.common.errors import AlreadySetUp
from mfa_app.core.keys.vault import CannotUnseal
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import LIFETIME, Purpose
from mfa_app.core.operations import health_checks
from mfa_app.core.policy import last_administrator
from mfa_app.extensions import db
from mfa_app.settings import PROJECT_ROOT, Settings

RULER = "-" * 72


@click.command("prepare")
@saves
def prepare() -> Iterator[str]:
    """Make folder, keys and tables, or bring them up to date; print the set-up link if nobody administers."""
    settings: Settings = current_app.config["SETTINGS"]
    keys = settings.instance_path.resolve() / "keys"
    if make_ready(settings) and keys.exists():
        yield _("The keys of this installation are in %(file)s.", file=keys)
        yield _(
            "Back that file up, but not beside the database: without it no authentication app fits any more."
        )
        yield ""
    if last_administrator.administrator_exists():
        yield _("%(site)s is ready: %(url)s", site=settings.site_name, url=settings.public_url)
        return
    yield from _set_up_link(settings)


@click.command("setup-link")
@saves
def setup_link() -> Iterator[str]:
    """Print a new link for making the first administrator; the one before stops working."""
    if last_administrator.administrator_exists():
        raise AlreadySetUp
    yield from _set_up_link(current_app.config["SETTINGS"])


def make_ready(settings: Settings) -> bool:
    """Close the folder to others, bring the database to head and try the keys on it; was it empty?"""
    folder = settings.instance_path.resolve()
    if (
        PROJECT_ROOT in folder.parents
    ):  # git made it for all to read; a folder elsewhere is the owner's business
        with contextlib.suppress(OSError):
            folder.chmod(0o700)
    was_empty = database.bring_to_head()
    if not health_checks.keys_fit(db.session()):
        raise CannotUnseal
    chain.trail_key()
    return was_empty


def _set_up_link(settings: Settings) -> Iterator[str]:
    token = one_time_links.create(Purpose.SETUP, None, now=clock.now())
    record(Event.SETUP_LINK_MADE, actor=actor())
    hours = int(LIFETIME[Purpose.SETUP].total_seconds() // 3600)
    yield _("%(site)s has no administrator yet. Open this link to become the first:", site=settings.site_name)
    yield RULER
    yield link_to(token)
    yield RULER
    yield _(
        "It works once, for %(hours)s hours. Keep it to yourself: whoever opens it administers the site.",
        hours=hours,
    )
    yield _("Have your phone at hand: right after your password you link an authentication app.")
    if not settings.https:
        yield _("The site listens on %(url)s, for browsers on this machine.", url=settings.public_url)
    else:
        words = {"port": settings.port, "url": settings.public_url}
        yield _("The site listens on http://127.0.0.1:%(port)s, behind your proxy for %(url)s.", **words)
    yield _("Too late? A new link: %(command)s", command=database.command_line("setup-link"))
