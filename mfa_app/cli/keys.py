"""`flask keys ...`: the keys that seal the apps' secrets, listed and replaced by new ones."""

import sys
from collections.abc import Iterator

import click
from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.terminal import actor, saves, table
from mfa_app.core.audit.events import Event, record
from mfa_app.core.keys import keyring
from mfa_app.core.keys.vault import vault
from mfa_app.core.operations import key_rotation
from mfa_app.settings import Settings


@click.group("keys")
def commands() -> None:
    """The keys that seal the apps' secrets."""


@commands.command("list")
@saves
def list_() -> Iterator[str]:
    """List the keys, and how many secrets are sealed under each."""
    counts, at_hand = key_rotation.keys_in_use(), vault().identifiers
    head = (_("KEY"), _("SECRETS"), _("STATE"))
    rows = [
        (key, str(counts.get(key, 0)), _state(key, at_hand)) for key in dict.fromkeys((*at_hand, *counts))
    ]
    yield from table(head, rows)
    yield _("They stand in %(place)s.", place=_place())


@commands.command()
@click.option("--signing", is_flag=True, help="Replace the key that signs cookies, not the one that seals.")
@saves
def rotate(signing: bool) -> Iterator[str]:
    """Seal all secrets under a new key, while the site runs; or go on where a rotation was broken off."""
    settings: Settings = current_app.config["SETTINGS"]
    return _replace_signing_key(settings) if signing else _seal_anew(settings)


def _replace_signing_key(settings: Settings) -> Iterator[str]:
    with keyring.lock_rotation(settings):
        keyring.add_secret_key(settings)
        record(Event.SIGNING_KEY_REPLACED, actor=actor())
    yield _("A new key signs cookies as soon as the site is restarted: please do that now.")
    yield _("What the key before has signed still counts; the one before that is gone.")
    yield _("Back up %(place)s again, apart from the database.", place=keyring.file_of(settings).resolve())


def _seal_anew(settings: Settings) -> Iterator[str]:
    with keyring.lock_rotation(settings):
        vault().refresh()
        if set(key_rotation.keys_in_use()) <= {vault().current}:
            _put_new_key_in_front(settings)
        else:
            yield _(
                "This goes on with sealing under key %(key)s, which was not finished.", key=vault().current
            )
        count = _reseal()
        record(Event.KEYS_ROTATED, actor=actor(), key=vault().current, secrets=count)
    yield ngettext(
        "%(num)s secret was sealed anew; all are under key %(key)s now.",
        "%(num)s secrets were sealed anew; all are under key %(key)s now.",
        count,
        key=vault().current,
    )
    yield _("Back up %(place)s again, apart from the database.", place=_place())
    yield _(
        "Backups of the database from before this need the keys of their time: keep those backups as well."
    )


def _put_new_key_in_front(settings: Settings) -> None:
    # A request may be under way that has sealed under the key of a rotation ago: that one stays as well.
    keyring.add_data_key(settings, in_use=set(vault().identifiers[:2]))
    vault().refresh()


def _reseal() -> int:
    """Seal what is not yet under the current key, with a bar that shows how far it is; return how much."""
    total = sum(count for key, count in key_rotation.keys_in_use().items() if key != vault().current)
    done = 0
    shown = {"label": _("Sealing"), "file": sys.stderr, "hidden": not sys.stderr.isatty()}
    with click.progressbar(length=total, **shown) as bar:

        def report(count: int) -> None:
            nonlocal done
            done += count
            bar.update(count)

        key_rotation.reseal(report)
    return done


def _state(key: str, at_hand: list[str]) -> str:
    if key not in at_hand:
        return _("missing: what it sealed cannot be opened")
    return _("seals") if key == vault().current else _("opens what it sealed before")


def _place() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return "MFA_DATA_KEYS" if settings.data_keys else str(keyring.file_of(settings).resolve())
