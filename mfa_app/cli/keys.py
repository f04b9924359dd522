"""`flask keys ...`: listing and rotating the keys of this installation."""

import sys

import click
from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.output import say, table
from mfa_app.core.audit.events import Event, record
from mfa_app.core.keys import keyring
from mfa_app.core.keys.vault import vault
from mfa_app.core.operations import key_rotation
from mfa_app.settings import Settings


@click.group("keys")
def commands() -> None:
    """List and rotate the keys that encrypt secrets and sign cookies."""


@commands.command("list")
@command_transaction
def list_() -> None:
    """List the data keys, and how many secrets each one encrypts."""
    counts, at_hand = key_rotation.keys_in_use(), vault().identifiers
    head = (_("KEY"), _("SECRETS"), _("STATE"))
    rows = [
        (key, str(counts.get(key, 0)), _state(key, at_hand)) for key in dict.fromkeys((*at_hand, *counts))
    ]
    say(*table(head, rows), _("The keys are in %(location)s.", location=_location()))


@commands.command()
@click.option(
    "--signing", is_flag=True, help="Replace the key that signs cookies, not the one that encrypts."
)
@command_transaction
def rotate(signing: bool) -> None:
    """Re-encrypt all secrets under a new key while the site runs, or finish an interrupted rotation."""
    settings: Settings = current_app.config["SETTINGS"]
    if signing:
        _replace_signing_key(settings)
    else:
        _rotate_data_keys(settings)


def _replace_signing_key(settings: Settings) -> None:
    with keyring.lock_rotation(settings):
        keyring.add_secret_key(settings)
        record(Event.SIGNING_KEY_REPLACED, actor=current_actor())
    say(
        _("Restart the site now: the new key signs cookies from then on."),
        _("Cookies signed with the previous key stay valid. The key before that is gone."),
        _(
            "Back up %(location)s again, apart from the database.",
            location=keyring.file_of(settings).resolve(),
        ),
    )


def _rotate_data_keys(settings: Settings) -> None:
    with keyring.lock_rotation(settings):
        vault().refresh()
        if set(key_rotation.keys_in_use()) <= {vault().current}:
            _add_data_key(settings)
        else:
            say(_("Continuing the unfinished rotation to key %(key)s.", key=vault().current))
        count = _reseal()
        record(Event.KEYS_ROTATED, actor=current_actor(), key=vault().current, secrets=count)
    say(
        ngettext(
            "%(num)s secret re-encrypted. All secrets are now under key %(key)s.",
            "%(num)s secrets re-encrypted. All secrets are now under key %(key)s.",
            count,
            key=vault().current,
        ),
        _("Back up %(location)s again, apart from the database.", location=_location()),
        _(
            "Older backups of the database still need the keys from when they were made, "
            "so keep those backups of the keys too."
        ),
    )


def _add_data_key(settings: Settings) -> None:
    # A request in progress may have sealed something under the previous key, so that key stays too.
    keyring.add_data_key(settings, in_use=set(vault().identifiers[:2]))
    vault().refresh()


def _reseal() -> int:
    """Re-encrypt what is not under the current key yet, with a progress bar. Return how many rows."""
    total = sum(count for key, count in key_rotation.keys_in_use().items() if key != vault().current)
    done = 0
    shown = {"label": _("Re-encrypting"), "file": sys.stderr, "hidden": not sys.stderr.isatty()}
    with click.progressbar(length=total, **shown) as bar:

        def report(count: int) -> None:
            nonlocal done
            done += count
            bar.update(count)

        key_rotation.reseal(report)
    return done


def _state(key: str, at_hand: list[str]) -> str:
    if key not in at_hand:
        return _("missing: its secrets can't be decrypted")
    return _("encrypts and decrypts") if key == vault().current else _("decrypts only")


def _location() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return "MFA_DATA_KEYS" if settings.data_keys else str(keyring.file_of(settings).resolve())
