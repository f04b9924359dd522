"""The settings: their defaults, where they are read, and the sentence for every wrong value."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from mfa_app.settings import NAMES, PROJECT_ROOT, SettingError, Settings, load_settings
from mfa_app.settings.values import Application, office_hours_of

WRONG = [
    ("MFA_DATABASE_URL", "mysql://db/site"),
    ("MFA_DATABASE_URL", "postgresql://user:secret@db:port/site"),
    ("MFA_DATABASE_URL", "nonsense"),
    ("MFA_DATABASE_URL", "sqlite://host/file"),
    ("MFA_DATABASE_URL", "sqlite://"),
    ("MFA_DATABASE_URL", "sqlite:///:memory:"),
    ("MFA_DATABASE_URL", "postgresql://db/site?autocommit=1"),
    ("MFA_DATABASE_URL", "postgresql://db/site?sslmod=require"),
    ("MFA_PUBLIC_URL", "ftp://login.example.com"),
    ("MFA_PUBLIC_URL", "login.example.com"),
    ("MFA_PUBLIC_URL", "http://login.example.com"),
    ("MFA_PUBLIC_URL", "https://login.example.com/path"),
    ("MFA_PUBLIC_URL", "https://login.example.com:port"),
    ("MFA_PUBLIC_URL", "https://user@login.example.com"),
    ("MFA_PUBLIC_URL", "https://login example.com"),
    ("MFA_PUBLIC_URL", "https://"),
    ("MFA_SITE_NAME", "two\nlines"),
    ("MFA_SITE_NAME", "not text \udcff"),
    ("MFA_SITE_NAME", "N" * 61),
    ("MFA_SITE_NAME", "\U0001f512" * 31),
    ("MFA_MAIL_TEXT", "two\nlines"),
    ("MFA_LINKING_TEXT", "W" * 1001),
    ("MFA_DISPLAY_NAME", "two\nlines"),
    ("MFA_DISPLAY_NAME", "N" * 61),
    ("MFA_ADMIN_EMAIL", "administrator"),
    ("MFA_HELP_EMAIL", "help@"),
    ("MFA_HELP_PHONE", "call us"),
    ("MFA_HELP_PHONE", "12"),
    ("MFA_HELP_PHONE", "555\u202e0100"),
    ("MFA_MAIL_FROM", "@example.com"),
    ("MFA_HELP_URL", "javascript:alert(1)"),
    ("MFA_SMTP_URL", "mail.example.com"),
    ("MFA_SMTP_URL", "smtp://mail.example.com:port"),
    ("MFA_TRUSTED_PROXY_HOPS", "-1"),
    ("MFA_TRUSTED_PROXY_HOPS", "6"),
    ("MFA_TRUSTED_PROXY_HOPS", "one"),
    ("MFA_HSTS_SUBDOMAINS", "perhaps"),
    ("MFA_MONITORING_NETWORKS", "everywhere"),
    ("MFA_TIME_ZONE", "Mars/Olympus_Mons"),
    ("MFA_TIME_ZONE", "Europe"),
    ("MFA_TIME_ZONE", "+01:00"),
    ("MFA_TIME_ZONE", "/etc/localtime"),
    ("MFA_TIME_ZONE", "../zoneinfo/UTC"),
    ("MFA_TIME_ZONE", "E" * 5000),
    ("MFA_KNOWN_NETWORKS", "203.0.113.9/8"),
    ("MFA_APPLICATIONS", "https://wiki.example.com"),
    ("MFA_APPLICATIONS", "Wiki=wiki.example.com"),
    ("MFA_APPLICATIONS", "Wiki=javascript:alert(1)"),
    ("MFA_APPROVE_RESETS", "off"),
    ("MFA_OFFICE_HOURS", "8-18"),
    ("MFA_OFFICE_HOURS", "Mon-Fri 08:00-18:00,"),
    ("MFA_OFFICE_HOURS", "mon-fri 08:00-18:00"),
    ("MFA_OFFICE_HOURS", "Fri-Mon 08:00-18:00"),
    ("MFA_OFFICE_HOURS", "Mon-Fri 18:00-08:00"),
    ("MFA_OFFICE_HOURS", "Mon-Fri 08:00-24:00"),
    ("MFA_OFFICE_HOURS", "Mon-Fri 08:00-08:00"),
    ("MFA_OFFICE_HOURS", "Mon-Fri 08:00 - 18:00"),
    ("MFA_SECRET_KEY", "too short"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "http"),
    ("WEB_CONCURRENCY", "0"),
    ("WEB_CONCURRENCY", "auto"),
]
SECRETS = {
    "MFA_DATABASE_URL": "postgresql://site:hunter2@db/site",
    "MFA_SMTP_URL": "smtp+starttls://site:hunter2@mail.example.com",
    "MFA_SECRET_KEY": "hunter2" * 5,
    "MFA_DATA_KEYS": "id:hunter2",
}


@pytest.mark.parametrize(
    ("moment", "open_then"),
    [
        ("2026-03-02T07:59", False),
        ("2026-03-02T08:00", True),
        ("2026-03-05T17:59", True),
        ("2026-03-05T18:00", False),
        ("2026-03-06T15:59", True),
        ("2026-03-06T16:00", False),
        ("2026-03-07T12:00", False),
    ],
)
def test_office_hours_begin_and_end_to_the_minute(moment: str, open_then: bool) -> None:
    hours = office_hours_of("Mon-Thu 08:00-18:00, Fri 08:00-16:00")
    assert hours.hold_at(datetime.fromisoformat(moment)) is open_then


def in_file(folder: Path, text: str) -> dict[str, str]:
    """Write settings.toml, and return the environment that leads to it."""
    (folder / "settings.toml").write_text(text, "utf-8")
    return {"MFA_INSTANCE_PATH": str(folder)}


def test_without_any_setting_the_site_serves_this_machine_from_its_folder(tmp_path: Path) -> None:
    settings = load_settings({"MFA_INSTANCE_PATH": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/second-gate.sqlite3"
    assert (settings.public_url, settings.port, settings.https) == ("http://127.0.0.1:8000", 8000, False)
    assert (settings.site_name, settings.mail_from) == ("Second Gate", "second-gate@127.0.0.1")
    assert (settings.trusted_proxy_hops, settings.applications) == (0, ())
    assert (settings.workers, settings.time_zone.key) == (2, "UTC")
    assert settings.known_networks == ()
    assert [str(network) for network in settings.monitoring_networks] == ["127.0.0.1/32", "::1/128"]
    nobody = (settings.admin_email, settings.help_email, settings.help_phone, settings.help_url)
    assert (set(nobody), settings.smtp_url) == ({None}, None)


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_told_in_one_sentence_that_names_the_setting(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings({"MFA_INSTANCE_PATH": str(tmp_path), name: value})
    sentence = str(refused.value)
    assert sentence.startswith(f"{name} must ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "secret" not in sentence


def test_an_empty_value_is_no_value(tmp_path: Path) -> None:
    values = dict.fromkeys(NAMES, "") | {"MFA_INSTANCE_PATH": str(tmp_path)}
    assert load_settings(values) == load_settings({"MFA_INSTANCE_PATH": str(tmp_path)})


def test_the_port_is_part_of_the_default_address(tmp_path: Path) -> None:
    settings = load_settings({"MFA_INSTANCE_PATH": str(tmp_path), "PORT": "8013"})
    assert settings.public_url == "http://127.0.0.1:8013"


def test_an_https_address_rules_cookies_host_and_sender(tmp_path: Path) -> None:
    settings = load_settings(
        {"MFA_INSTANCE_PATH": str(tmp_path), "MFA_PUBLIC_URL": "https://login.example.com/"}
    )
    assert settings.https
    assert settings.public_host == "login.example.com"
    assert settings.mail_from == "second-gate@login.example.com"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_address_is_read_in_every_spelling(tmp_path: Path, scheme: str) -> None:
    values = {"MFA_INSTANCE_PATH": str(tmp_path), "MFA_DATABASE_URL": f"{scheme}://u:p@db/site"}
    assert load_settings(values).database_url == "postgresql+psycopg://u:p@db/site"


def test_applications_are_names_with_addresses(tmp_path: Path) -> None:
    wanted = "Wiki=https://wiki.example.com/?a=b ; Mail=https://mail.example.com"
    settings = load_settings({"MFA_INSTANCE_PATH": str(tmp_path), "MFA_APPLICATIONS": wanted})
    assert settings.applications == (
        Application("Wiki", "https://wiki.example.com/?a=b"),
        Application("Mail", "https://mail.example.com"),
    )


def test_a_line_in_the_file_counts_unless_the_environment_says_otherwise(tmp_path: Path) -> None:
    environment = in_file(tmp_path, 'MFA_SITE_NAME = "Zürich"\nPORT = 9000\n')
    assert load_settings(environment).site_name == "Zürich"
    assert load_settings(environment).port == 9000
    assert load_settings({**environment, "MFA_SITE_NAME": "Basel"}).site_name == "Basel"


def test_a_byte_order_mark_before_the_first_line_changes_nothing(tmp_path: Path) -> None:
    assert load_settings(in_file(tmp_path, '\ufeffMFA_SITE_NAME = "Zürich"\r\n')).site_name == "Zürich"


def test_a_file_in_another_encoding_is_told_in_a_sentence(tmp_path: Path) -> None:
    environment = in_file(tmp_path, "")
    (tmp_path / "settings.toml").write_text('MFA_SITE_NAME = "Zürich"', "utf-16")  # with a byte order mark
    with pytest.raises(SettingError, match=r"settings.toml is not UTF-8 text. Save it as UTF-8.$"):
        load_settings(environment)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('MFA_SITENAME = "x"', "names a setting that does not exist: MFA_SITENAME."),
        ("MFA_SITE_NAME = ", "settings.toml cannot be read: "),
        ("MFA_SITE_NAME = ['x']", "MFA_SITE_NAME must be text in quotes, or a number."),
        ("PORT = true", "PORT must be a whole number from 1 to 65535."),
        ('MFA_INSTANCE_PATH = "/srv"', "set it in the environment."),
    ],
)
def test_a_wrong_file_is_told_in_a_sentence(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings(in_file(tmp_path, text))
    assert told in str(refused.value)


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = load_settings({"MFA_INSTANCE_PATH": str(tmp_path / "file" / "instance")})
    with pytest.raises(SettingError, match=r"MFA_INSTANCE_PATH: the folder .* cannot be made: "):
        settings.make_instance_folder()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("MFA_HELPEMAIL", "MFA_HELPEMAIL is not a setting. Did you mean MFA_HELP_EMAIL?"),
        ("mfa_help_email", "mfa_help_email is not a setting. Did you mean MFA_HELP_EMAIL?"),
        ("MFA_PORT", "MFA_PORT is not a setting. Did you mean PORT?"),
        ("\ufeffMFA_HELP_EMAIL", "\ufeffMFA_HELP_EMAIL is not a setting. Did you mean MFA_HELP_EMAIL?"),
        ("MFA_QUIET", "MFA_QUIET is not a setting."),
    ],
)
def test_an_unknown_variable_is_named_as_a_mistake(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings({"MFA_INSTANCE_PATH": str(tmp_path), name: "hunter2"})
    assert str(refused.value) == told


def test_an_unknown_name_in_the_file_comes_with_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings(in_file(tmp_path, 'MFA_HELPEMAIL = "help@example.com"'))
    assert str(refused.value) == (
        f"{tmp_path / 'settings.toml'} names a setting that does not exist: MFA_HELPEMAIL. "
        "Did you mean MFA_HELP_EMAIL?"
    )


def test_an_address_inside_a_network_counts_whatever_else_of_the_site_is_imported() -> None:
    program = "from mfa_app.settings.values import email_address; print(email_address('help@nas.home.arpa'))"
    ended = subprocess.run([sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert ended.stdout == "help@nas.home.arpa\n", ended.stderr


def test_variables_of_other_programs_are_none_of_our_business(tmp_path: Path) -> None:
    values = {"MFA_INSTANCE_PATH": str(tmp_path)}
    assert load_settings({**values, "PATH": "/bin", "SITE_NAME": "x"}) == load_settings(values)


def test_only_the_given_variables_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setitem(os.environ, name, "nonsense")
    assert load_settings({"MFA_INSTANCE_PATH": str(tmp_path)}).site_name == "Second Gate"


def test_no_secret_shows_in_what_is_printed(tmp_path: Path) -> None:
    settings = load_settings({"MFA_INSTANCE_PATH": str(tmp_path), **SECRETS})
    assert settings.secret_key == SECRETS["MFA_SECRET_KEY"]
    assert "hunter2" not in f"{settings} {settings!r}"
    assert str(tmp_path) in repr(settings)


def test_no_wrong_value_shows_in_an_error(tmp_path: Path) -> None:
    wrong = {
        "MFA_DATABASE_URL": "postgresql://site:hunter2@db:port/site",
        "MFA_SMTP_URL": "smtp://site:hunter2@mail:port",
        "MFA_SECRET_KEY": "hunter2",
        "MFA_DATA_KEYS": "id:hunter2\n",
    }
    with pytest.raises(ValidationError) as refused:
        Settings({"MFA_INSTANCE_PATH": str(tmp_path), **wrong})
    assert all(name in str(refused.value) for name in wrong)
    assert "hunter2" not in f"{refused.value} {refused.value!r}"
    for name, value in wrong.items():
        with pytest.raises(SettingError, match=f"^{name} must ") as told:
            load_settings({"MFA_INSTANCE_PATH": str(tmp_path), name: value})
        assert "hunter2" not in str(told.value)
        assert told.value.__cause__ is None and told.value.__suppress_context__


def test_settings_never_change_and_tell_equal_ones_by_their_hash(tmp_path: Path) -> None:
    values = {"MFA_INSTANCE_PATH": str(tmp_path), **SECRETS}
    settings = load_settings(values)
    assert hash(settings) == hash(load_settings(values))
    assert settings != load_settings({**values, "PORT": "9000"})
    with pytest.raises(ValidationError):
        settings.port = 9000


def test_every_setting_says_what_it_means() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    assert len(NAMES) == len(Settings.model_fields)


def test_the_readme_lists_every_setting_and_no_other() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text("utf-8")
    table = readme.partition("| Setting |")[2].partition("\n\n")[0].splitlines()[2:]
    assert sorted(row.split("`")[1] for row in table) == sorted(NAMES)


@pytest.mark.parametrize("options", ["prepare_threshold=0", "sslmode=require&prepare_threshold=0"])
def test_prepare_threshold_in_the_database_url_is_taken_and_dropped(options: str) -> None:
    given = "postgresql://site:p%40ss@db:6432/site?" + options
    settings = load_settings({"MFA_DATABASE_URL": given})
    left = options.replace("prepare_threshold=0", "").rstrip("&")
    assert settings.database_url == "postgresql+psycopg://site:p%40ss@db:6432/site" + (left and f"?{left}")


def test_an_option_that_postgresql_does_not_know_is_named() -> None:
    with pytest.raises(SettingError, match="option that PostgreSQL does not know: sslmod"):
        load_settings({"MFA_DATABASE_URL": "postgresql://db/site?sslmod=require"})
