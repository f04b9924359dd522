"""`second-gate prepare` and `second-gate setup-link`: from an empty folder to the first administrator."""

import contextlib

import click
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.support import migrations
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.output import app_link_lines, link_url, say
from mfa_app.core.audit import chain
from mfa_app.core.common import clock
from mfa_app.core.keys.vault import CannotUnseal
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.operations import seal_check
from mfa_app.core.policy import last_administrator
from mfa_app.core.users import enrolment_links, first_administrator
from mfa_app.extensions import db
from mfa_app.settings import PROJECT_ROOT, Settings
from mfa_app.site import site
from mfa_app.wording.commands import command_line

RULER = "-" * 72


@click.command("prepare")
@command_transaction
def prepare() -> None:
    """Create or update the folder, keys and tables.

    If there is no administrator yet, print a set-up link for the first one.
    """
    settings = site()[Settings]
    keys = settings.instance_path.resolve() / "keys"
    if make_ready(settings) and keys.exists():
        say(
            _("The keys of this installation are in %(file)s.", file=keys),
            _(
                "Back that file up, but apart from the database. "
                "Without it, everyone has to link their authentication app again."
            ),
            "",
        )
    if last_administrator.administrator_exists():
        say(_("%(site)s is ready: %(url)s", site=settings.site_name, url=settings.public_url))
        unfinished = first_administrator.unfinished()
        if unfinished is not None:
            say(
                _("%(email)s, the administrator, has no app or passkey yet.", email=unfinished.email),
                _(
                    "To go on with the set-up, run: %(command)s",
                    command=command_line("setup-link"),
                ),
            )
        return
    _create_setup_link(settings)


@click.command("setup-link")
@command_transaction
def setup_link() -> None:
    """Print a new set-up link for the first administrator. The previous link stops working.

    If the first administrator has left the set-up before linking an app, the link goes on from there.
    """
    unfinished = first_administrator.unfinished()
    if unfinished is None:
        _create_setup_link(site()[Settings])
    else:
        token = enrolment_links.send(unfinished, actor=current_actor(), now=clock.now())
        say(*app_link_lines(unfinished, token))


def make_ready(settings: Settings) -> bool:
    """Make the folder private, run the migrations and check the keys. Return True if it was empty.

    Raises NewerDatabase, CannotUnseal.
    """
    folder = settings.instance_path.resolve()
    # git creates its folders readable for all. The mode of a folder elsewhere is its owner's choice.
    if PROJECT_ROOT in folder.parents:
        with contextlib.suppress(OSError):
            folder.chmod(0o700)
    was_empty = migrations.bring_to_head()
    if not seal_check.check(db.session()).keys_fit:
        raise CannotUnseal
    chain.trail_key()
    return was_empty


def _create_setup_link(settings: Settings) -> None:
    token = first_administrator.create_setup_link(actor=current_actor(), now=clock.now())
    hours = one_time_links.hours_of(Purpose.SETUP)
    say(
        _("%(site)s has no administrator yet. Open this link to become the first:", site=settings.site_name),
        RULER,
        link_url(token),
        RULER,
        ngettext(
            "It works once, within %(num)s hour. Keep it secret: it can make anyone the administrator.",
            "It works once, within %(num)s hours. Keep it secret: it can make anyone the administrator.",
            hours,
        ),
        _("Have your phone ready: after choosing a password, you link an authentication app."),
        _listening(settings),
        _(
            "If the link has expired, get a new one: %(command)s",
            command=command_line("setup-link"),
        ),
    )


def _listening(settings: Settings) -> str:
    if not settings.https:
        return _("The site listens on %(url)s, for browsers on this machine.", url=settings.public_url)
    return _(
        "The site listens on http://127.0.0.1:%(port)s, behind your proxy for %(url)s.",
        port=settings.port,
        url=settings.public_url,
    )
