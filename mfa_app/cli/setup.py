"""`flask prepare` and `flask setup-link`: from an empty folder to the first administrator."""

import contextlib
from collections.abc import Iterator

import click
from flask import current_app
from flask_babel import gettext as _

from mfa_app.cli import database
from mfa_app.cli.terminal import actor, link_to, saves
from mfa_app.config import PROJECT_ROOT, Settings
from mfa_app.core import administrators, chain, clock, installation, links
from mfa_app.core.audit import Event, record
from mfa_app.core.errors import SetupDone
from mfa_app.core.links import LIFETIME, Purpose
from mfa_app.core.vault import CannotUnseal
from mfa_app.extensions import db

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
    if administrators.exists():
        yield _("%(site)s is ready: %(url)s", site=settings.site_name, url=settings.public_url)
        return
    yield from _set_up_link(settings)


@click.command("setup-link")
@saves
def setup_link() -> Iterator[str]:
    """Print a new link for making the first administrator; the one before stops working."""
    if administrators.exists():
        raise SetupDone
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
    if not installation.keys_fit(db.session()):
        raise CannotUnseal
    chain.trail_key()
    return was_empty


def _set_up_link(settings: Settings) -> Iterator[str]:
    token = links.make(Purpose.SETUP, None, now=clock.now())
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
