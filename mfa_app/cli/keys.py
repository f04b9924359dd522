"""`second-gate keys ...`: listing and rotating the keys of this installation."""

import sys

import click
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.output import say, table
from mfa_app.core.keys import keyring
from mfa_app.core.keys.vault import vault
from mfa_app.core.operations import key_rotation, nodes
from mfa_app.settings import Settings
from mfa_app.site import site


@click.group("keys")
def commands() -> None:
    """List and rotate the keys that encrypt and sign."""


@commands.command("list")
@json_option
@command_transaction
def list_(*, as_json: bool) -> None:
    """List the data keys, and how many secrets each encrypts."""
    counts, available = key_rotation.keys_in_use(), vault().identifiers
    names = dict.fromkeys((*available, *counts))
    if as_json:
        say(*json_lines([json_facts.key(name, counts.get(name, 0), available) for name in names]))
        return
    head = (_("KEY"), _("SECRETS"), _("STATE"))
    rows = [(name, str(counts.get(name, 0)), _state(name, available)) for name in names]
    location = keyring.location(site()[Settings])
    say(*table(head, rows), _("The keys are in %(location)s.", location=location))


@commands.command()
@click.option(
    "--signing", is_flag=True, help="Replace the key that signs cookies instead of the one that encrypts."
)
@command_transaction
def rotate(signing: bool) -> None:
    """Re-encrypt all secrets under a new key, while the site runs.

    This also finishes a rotation that was interrupted.
    """
    settings = site()[Settings]
    if signing:
        _replace_signing_key(settings)
    else:
        _rotate_data_keys(settings)


def _replace_signing_key(settings: Settings) -> None:
    key_rotation.replace_signing_key(settings, actor=current_actor())
    say(
        _("Restart the site now: the new key signs cookies from then on."),
        _("Cookies signed with the previous key stay valid. The key before that is gone."),
        _(
            "Back up %(location)s again, apart from the database.",
            location=keyring.file_of(settings).resolve(),
        ),
    )


def _rotate_data_keys(settings: Settings) -> None:
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=0, label=_("Re-encrypting"), file=sys.stderr, hidden=hidden) as bar:

        def report(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        rotation = key_rotation.rotate_data_keys(settings, actor=current_actor(), report=report)
    if rotation.continued:
        say(_("Continuing the unfinished rotation to key %(key)s.", key=rotation.key))
    say(
        ngettext(
            "%(num)s secret re-encrypted. All secrets are now under key %(key)s.",
            "%(num)s secrets re-encrypted. All secrets are now under key %(key)s.",
            rotation.secrets,
            key=rotation.key,
        ),
        _("Back up %(location)s again, apart from the database.", location=keyring.location(settings)),
        _(
            "Older backups of the database still need the keys from when they were created, "
            "so keep those backups of the keys too."
        ),
    )
    if settings.data_keys is None:
        _say_which_nodes_need_them(settings)


def _say_which_nodes_need_them(settings: Settings) -> None:
    others = nodes.other_nodes(settings)
    if others:
        say(
            _(
                "Other nodes are running: %(nodes)s. Copy the keys to each of them now, unless they share "
                "the file. Until then, they answer 503 to requests that need a secret.",
                nodes=", ".join(others),
            )
        )


def _state(key: str, available: list[str]) -> str:
    if key not in available:
        return _("missing: its secrets can't be decrypted")
    return _("encrypts and decrypts") if key == vault().current else _("decrypts only")
