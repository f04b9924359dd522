"""Owners of files: the site's user can read what a command creates, even if root runs it."""

import os
import stat
from pathlib import Path

import pytest

from mfa_app.core.common import files
from mfa_app.core.operations import instance_lock
from tests.support.terminal import Typist, done
from tests.support.world import World

OWNER, OTHER_OWNER = 65533, 65534
CREATED = {"keys", "keys.lock", "running.lock", "outbox", "second-gate.sqlite3"}


@pytest.fixture
def folder(world: World) -> Path:
    """The instance folder. If the tests run as root, it and its files belong to another user."""
    folder = world.settings.instance_path
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, OWNER, OWNER)
    return folder


def test_files_of_commands_belong_to_the_owner_of_the_folder(
    folder: Path, typed: Typist, tmp_path: Path
) -> None:
    done(typed("users", "add", "alice@example.com"))
    done(typed("keys", "rotate"))
    done(typed("backup", str(tmp_path / "monday.backup")))
    done(typed("restore", "--replace", str(tmp_path / "monday.backup")))
    owners = {path.name: path.stat().st_uid for path in folder.rglob("*")}
    assert owners.keys() >= CREATED
    assert any(name.endswith(".eml") for name in owners)
    assert set(owners.values()) == {folder.stat().st_uid}


def test_a_replaced_file_keeps_its_owner(folder: Path, tmp_path: Path) -> None:
    existing, created = folder / "keys", tmp_path / "created"
    if os.geteuid() == 0:
        os.chown(existing, OTHER_OWNER, OTHER_OWNER)
    created.touch()
    files.chown_like(created, existing)
    assert created.stat().st_uid == existing.stat().st_uid
    files.chown_like(created, folder / "nothing")
    assert created.stat().st_uid == folder.stat().st_uid


def test_a_file_is_created_private_and_kept_when_opened_again(folder: Path) -> None:
    for _ in range(2):
        with open(folder / "lock", "a", opener=files.open_private) as file:
            file.write("x")
    assert (folder / "lock").read_text() == "xx"
    assert stat.S_IMODE((folder / "lock").stat().st_mode) == 0o600


def test_a_symbolic_link_does_not_make_root_give_away_a_file(
    world: World, folder: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    owner = victim.stat().st_uid
    (folder / "running.lock").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"):
        instance_lock.lock_shared(world.settings)
    assert victim.stat().st_uid == owner
