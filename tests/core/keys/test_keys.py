"""The keys: made once, for nobody else to read, and never silently replaced."""

import base64
import json
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from mfa_app.core.keys.keyring import Keys, load_keys, new_data_key
from mfa_app.settings import SettingError, Settings, load_settings
from tests.support.databases import both_databases
from tests.support.terminal import Shell
from tests.support.world import World


def settings_in(folder: Path | str, **values: str) -> Settings:
    return load_settings({"MFA_INSTANCE_PATH": str(folder), **values})


def keys_in(folder: str) -> Keys:
    return load_keys(settings_in(folder))


def test_the_keys_are_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    made = keys_in(tmp_path / "instance")
    file = tmp_path / "instance" / "keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert keys_in(tmp_path / "instance") == made
    assert [path.name for path in file.parent.iterdir()] == ["keys"]


def test_two_installations_have_different_keys(tmp_path: Path) -> None:
    one, other = keys_in(tmp_path / "one"), keys_in(tmp_path / "other")
    assert not set(one.secret_keys) & set(other.secret_keys)
    assert not set(one.data_keys.values()) & set(other.data_keys.values())


def test_of_processes_that_start_at_once_all_have_the_same_keys(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with ExitStack() as running:
        programs = [running.enter_context(shell.start("tests.support.print_keys")) for _ in range(3)]
        ended = [program.ended() for program in programs]
    keys = keys_in(tmp_path)
    assert ended == [(0, f"{keys.secret_keys} {keys.data_keys}\n", "")] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"secret_key": "x"}', "\x00"])
def test_a_broken_file_is_told_in_a_sentence_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_text(text)
    with pytest.raises(SettingError, match=r"^Could not read the keys in .*/keys\. Restore the file"):
        keys_in(tmp_path)
    assert (tmp_path / "keys").read_text() == text


@pytest.mark.parametrize(
    "value", ["abc", "a:", ":" + "A" * 44, "a:AAAA", "a:not base64!", "a:é", ",", "a:b:c"]
)
def test_wrong_data_keys_in_the_environment_are_told_in_a_sentence(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingError, match=r"^MFA_DATA_KEYS must "):
        load_keys(settings_in(tmp_path, MFA_DATA_KEYS=value))


def test_of_several_data_keys_the_first_seals(tmp_path: Path) -> None:
    old, new = new_data_key(), new_data_key()
    keys = load_keys(settings_in(tmp_path, MFA_DATA_KEYS=f"{new}, {old}"))
    assert list(keys.data_keys) == [new.partition(":")[0], old.partition(":")[0]]
    assert keys.data_keys[old.partition(":")[0]] == base64.b64decode(old.partition(":")[2])


def test_with_both_keys_in_the_environment_no_file_is_made(tmp_path: Path) -> None:
    load_keys(settings_in(tmp_path, MFA_DATA_KEYS=new_data_key(), MFA_SECRET_KEY="s" * 40))
    assert list(tmp_path.iterdir()) == []


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    keys_in(tmp_path)
    stored = json.loads((tmp_path / "keys").read_text())
    keys = load_keys(settings_in(tmp_path, MFA_SECRET_KEY="s" * 40))
    assert keys.secret_keys == ["s" * 40]
    assert ":".join(stored["data_keys"].split(":")[:1]) in keys.data_keys


@both_databases
def test_missing_keys_are_not_replaced_beside_a_database_with_secrets(
    world: World, environment: dict[str, str]
) -> None:
    world.linked_earlier("alice")
    (Path(environment["MFA_INSTANCE_PATH"]) / "keys").unlink()
    with pytest.raises(SettingError, match="are missing, and the database holds secrets"):
        load_keys(load_settings(environment))
    assert not (Path(environment["MFA_INSTANCE_PATH"]) / "keys").exists()


def test_a_byte_order_mark_before_the_keys_changes_nothing(tmp_path: Path) -> None:
    settings = load_settings({"MFA_INSTANCE_PATH": str(tmp_path)})
    made = load_keys(settings)
    file = tmp_path / "keys"
    file.write_text(file.read_text("utf-8"), "utf-8-sig")
    assert load_keys(settings) == made
