"""Keys, backups and restoring."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from mfa_app.core.common import errors
from mfa_app.core.keys import keyring
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.operations import backup, instance_lock, key_rotation
from mfa_app.core.operations.backup import BackupError
from mfa_app.core.operations.instance_lock import SiteRunning
from mfa_app.extensions import db
from mfa_app.settings import SettingError, Settings, load_settings
from tests.support.refusals.scene import link, logged_in, while_
from tests.support.refusals.table import Act, Arrange, Table
from tests.support.world import TERMINAL, World

ROWS = Table()
case = ROWS.add


# Running the installation


def rotation_running(act: Callable[[World, Settings], object]) -> Arrange:
    """Let somebody else rotate the keys at the same time."""

    def arrange(world: World) -> Act:
        world.linked("alice")
        settings = settings_of(world)
        return while_(lambda: keyring.lock_rotation(settings), lambda: act(world, settings))

    return arrange


def keys_in_the_environment(act: Callable[[World, Settings], object]) -> Arrange:
    """Let the keys come from the environment, which no verb can change."""

    def arrange(world: World) -> Act:
        world.linked("alice")
        keys = {"MFA_DATA_KEYS": keyring.new_data_key(), "MFA_SECRET_KEY": keyring.new_secret_key()}
        folder = {"MFA_INSTANCE_PATH": str(settings_of(world).instance_path)}
        return lambda: act(world, load_settings({**folder, **keys}))

    return arrange


def settings_of(world: World) -> Settings:
    settings: Settings = world.app.config["SETTINGS"]
    return settings


def rotate(_world: World, settings: Settings) -> object:
    return key_rotation.rotate_data_keys(settings, actor=TERMINAL, report=lambda done, total: None)


def replace_signing_key(_world: World, settings: Settings) -> None:
    key_rotation.replace_signing_key(settings, actor=TERMINAL)


ROTATIONS: dict[Callable[..., object], Callable[[World, Settings], object]] = {
    key_rotation.rotate_data_keys: rotate,
    key_rotation.replace_signing_key: replace_signing_key,
}

for _verb, _rotate in ROTATIONS.items():
    case(_verb, SettingError, keys_in_the_environment(_rotate))
    case(_verb, errors.RotationRunning, rotation_running(_rotate))


def back_up_twice(world: World) -> Act:
    world.person("alice")
    file = settings_of(world).instance_path / "monday.backup"
    backup.make(file, actor=TERMINAL)
    return lambda: backup.make(file, actor=TERMINAL)


def restore(world: World, *, replace: bool = False) -> object:
    return backup.restore(
        settings_of(world).instance_path / "monday.backup",
        replace=replace,
        settings=settings_of(world),
        actor=TERMINAL,
        now=world.clock(),
    )


def finish_restore(world: World) -> None:
    backup.finish_restore(
        Path("monday.dump"),
        settings=settings_of(world),
        actor=TERMINAL,
        now=world.clock(),
    )


def restoring(act: Callable[[World], object], before: str = "") -> Arrange:
    """Let a backup be restored in a site with a session, a link and a mail, after this statement."""

    def arrange(world: World) -> Act:
        world.linked("alice")
        logged_in(world, "alice")
        link(world, Purpose.PASSWORD_RESET, "alice")
        if before:
            db.session.execute(text(before))
        return lambda: act(world)

    return arrange


def while_running(act: Callable[[World], object]) -> Arrange:
    """Let the site run meanwhile."""

    def arrange(world: World) -> Act:
        call = restoring(act)(world)
        return while_(lambda: instance_lock.lock_shared(settings_of(world)), call)

    return arrange


case(backup.make, BackupError, back_up_twice)
case(backup.restore, BackupError, restoring(restore), "a database exists")
case(backup.restore, BackupError, restoring(lambda world: restore(world, replace=True)), "no such file")
case(backup.restore, SiteRunning, while_running(restore))
_NEWER = "UPDATE alembic_version SET version_num = 'of a newer version'"
case(backup.finish_restore, BackupError, restoring(finish_restore, _NEWER))
case(backup.finish_restore, SiteRunning, while_running(finish_restore))
