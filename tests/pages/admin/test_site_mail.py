"""The page "Site" sets the mail server. Its password is never shown again, and told to no other server."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Executable, Row
from sqlalchemy.exc import SQLAlchemyError

from mfa_app.core.keys.vault import Vault, vault
from mfa_app.core.mail import outbox
from mfa_app.core.mail.delivery import MailDelivery
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.operations import key_rotation, mail_settings, site_values
from mfa_app.core.operations.site_values import MAIL_PASSWORD, READ_EVERY, StoredValues
from mfa_app.extensions import db
from mfa_app.models import SealedValue, SiteSetting
from mfa_app.models.database import rows_beside
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.mail_server import Mailbox, free_port, running_mail_server
from tests.support.site_parts import part_of, put
from tests.support.stories import carol_at_work
from tests.support.world import TERMINAL, World

SAVE = "Save the mail settings"
PASSWORD = "S3cret@w:rd/"
SERVER = {"host": "mail.example.com", "scheme": "smtps", "port": "", "user": "gate@example.com"}
ADDRESS = "smtps://gate%40example.com@mail.example.com:465"


@pytest.fixture
def environment(environment: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of the server, with those that a test adds."""
    return {**environment, **getattr(request, "param", {})}


@pytest.fixture
def carol(world: World) -> Visitor:
    return world.after(carol_at_work)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mail_server(free_port()) as box:
        yield box


def save(carol: Visitor, **fields: str) -> Page:
    carol.open("/admin/site")
    return carol.press(SAVE, **fields)


def in_force(world: World) -> str | None:
    """Return the whole address at which emails leave now."""
    with world.data():
        return mail_settings.in_force(world.app.config["SETTINGS"]).smtp_url


@both_databases
def test_a_password_is_sealed_and_shown_nowhere_again(world: World, carol: Visitor) -> None:
    page = save(carol, **SERVER, password=PASSWORD, mail_from="gate@example.com")
    assert "Saved." in page.text and "A password is set, and never shown." in page.text
    assert in_force(world) == "smtps://gate%40example.com:S3cret%40w%3Ard%2F@mail.example.com:465"
    assert world.details("site.changed") == {
        "before": {"smtp_url": None, "mail_from": None, "smtp_password": None},
        "after": {"smtp_url": ADDRESS, "mail_from": "gate@example.com", "smtp_password": "set anew"},
    }
    trail = carol.open("/admin/trail").text
    assert f"Mail server: none → {ADDRESS}" in trail and "mail server: none → a new password" in trail
    with world.data():
        rows = [row.value for row in SiteSetting.query] + [row.sealed for row in SealedValue.query]
    for shown in (page.response.text, trail, str(rows), repr(part_of(world.app, MailDelivery))):
        assert "S3cret" not in shown
    page = save(carol, port="")
    assert "Nothing was different" in page.text
    assert in_force(world) == "smtps://gate%40example.com:S3cret%40w%3Ard%2F@mail.example.com:465"


@both_databases
def test_a_password_is_told_to_no_other_server_than_it_was_entered_for(world: World, carol: Visitor) -> None:
    save(carol, **SERVER, password=PASSWORD)
    for other in ({"host": "mail.example.net"}, {"port": "26"}, {"scheme": "smtp"}, {"user": "eve"}):
        page = save(carol, **other)
        told = "Enter the password for this server and user name." in page.text
        assert (page.status, told) == (400, True), other
    with world.data():
        row = db.session.get_one(SiteSetting, "smtp_url")
        row.value = ADDRESS.replace("example.com:", "example.net:")
    part_of(world.app, StoredValues).forget()
    with pytest.raises(mail_settings.PasswordUnreadable):
        in_force(world)
    assert "can't be read with the keys of this site" in carol.open("/admin/site").text


def test_capitals_make_no_other_mail_server(world: World, carol: Visitor) -> None:
    save(carol, **SERVER | {"host": "Mail.Example.com"}, password=PASSWORD)
    whole = in_force(world)
    assert whole and whole.endswith("@mail.example.com:465")
    assert "Nothing was different" in save(carol).text
    assert "Nothing was different" in save(carol, host="MAIL.example.com").text
    assert "Saved." in save(carol, mail_from="gate@example.com").text
    assert in_force(world) == whole


def test_a_password_goes_with_the_user_name_and_with_the_server(world: World, carol: Visitor) -> None:
    save(carol, **SERVER, password=PASSWORD)
    save(carol, user="")
    assert in_force(world) == "smtps://mail.example.com:465"
    assert world.details("site.changed")["before"][MAIL_PASSWORD] == "set"
    save(carol, user="gate", password=PASSWORD)
    page = save(carol, host="")
    assert in_force(world) is None
    assert "emails become files" in page.text and "Send me a test email" not in page.text
    with world.data():
        assert db.session.get(SealedValue, MAIL_PASSWORD) is None


NO_SERVERS = {
    ("host", "Enter the name of the mail server alone, such as mail.example.com."): (
        "smtp://mail.example.com", "http://169.254.169.254/", "mail.example.com:25", "a@b", "mail e",
        "mail.example.com/x", "m?x", "m#x", "m%0d%0aRCPT", "file:", "-" * 254, "fe80::1%eth0",
    ),
    ("port", "Enter a whole number from 1 to 65535, such as 587."): ("0", "65536", "25@eve"),
    ("scheme", "Choose an option from the list."): ("gopher",),
    ("mail_from", "Enter an email address, such as second-gate@example.com."): ("the gate",),
}  # fmt: skip


def test_what_is_no_mail_server_is_refused_at_its_field(world: World, carol: Visitor) -> None:
    carol.open("/admin/site")
    token = carol.current.value("csrf_token")
    for (field, sentence), all_typed in NO_SERVERS.items():
        for typed in all_typed:
            fields = {**SERVER, "user": "", field: typed}
            page = carol.submit("/admin/site/mail-server", **fields, csrf_token=token)
            error = page.html.select_one(f"#{field}-error")
            assert (page.status, error is not None and sentence in error.get_text()) == (400, True), typed
    assert world.count(SiteSetting) == 0


def test_a_mail_server_may_stand_in_the_companys_own_network(world: World, carol: Visitor) -> None:
    hosts = {"localhost": "localhost", "10.0.0.25": "10.0.0.25", "::1": "[::1]", "[::1]": "[::1]"}
    for typed, host in hosts.items():
        save(carol, host="", scheme="smtp")
        save(carol, host=typed, scheme="smtp")
        assert in_force(world) == f"smtp://{host}:25"
        unencrypted = "unencrypted, including links that open accounts" in carol.open("/admin/site").text
        assert unencrypted == (host == "10.0.0.25"), typed


def test_emails_leave_through_the_server_that_is_saved_without_a_restart(
    world: World, carol: Visitor, mailbox: Mailbox
) -> None:
    save(carol, host="127.0.0.1", scheme="smtp", port=str(mailbox.port), mail_from="gate@example.com")
    carol.press("Send me a test email")
    assert "The mail server took a test email" in carol.open("/admin/site").text
    (message,) = mailbox.messages
    assert (message["To"], message["From"]) == ("carol@example.com", "Second Gate <gate@example.com>")


def test_other_processes_send_through_it_within_ten_seconds(world: World, carol: Visitor) -> None:
    seconds = 0.0
    other, own = StoredValues(lambda: seconds), part_of(world.app, StoredValues)

    def there() -> str | None:
        put(world.app, other)
        try:
            return in_force(world)
        finally:
            put(world.app, own)

    assert there() is None
    save(carol, **SERVER, password=PASSWORD)
    seconds = READ_EVERY - 1
    assert there() is None
    seconds = READ_EVERY
    assert "S3cret" in str(there())


def test_a_failed_test_says_at_the_field_what_to_check_and_goes_again_once_mended(
    world: World, carol: Visitor, mailbox: Mailbox
) -> None:
    save(carol, host="127.0.0.1", scheme="smtp", port="9")
    carol.press("Send me a test email")
    hint = carol.open("/admin/site").html.select_one("#port-hint")
    assert hint is not None and "Nothing answers at this port." in hint.get_text()
    page = save(carol, port=str(mailbox.port))
    world.deliver()
    page = carol.open("/admin/site")
    assert "Nothing answers" not in page.text
    assert "The mail server took a test email" in page.text
    assert [message["To"] for message in mailbox.messages] == ["carol@example.com"]


@pytest.mark.parametrize("environment", [{"MFA_SMTP_URL": "smtp://u:S3cret@127.0.0.1:9"}], indirect=True)
def test_what_the_server_sets_counts_and_no_page_changes_it(world: World, carol: Visitor) -> None:
    page = carol.open("/admin/site")
    assert page.html.select_one("[name=host]") is None and page.html.select_one("[name=mail_from]")
    page = carol.submit("/admin/site/mail-server", **SERVER, password=PASSWORD, mail_from="gate@example.com")
    assert in_force(world) == "smtp://u:S3cret@127.0.0.1:9"
    assert world.details("site.changed")["after"] == {"mail_from": "gate@example.com"}
    assert "S3cret" not in carol.open("/admin/site").response.text


@both_databases
def test_a_rotation_of_the_keys_seals_the_password_anew(world: World, carol: Visitor) -> None:
    save(carol, **SERVER, password=PASSWORD)
    with world.data():
        before = db.session.get_one(SealedValue, MAIL_PASSWORD).sealed
    with world.data():
        settings = world.app.config["SETTINGS"]
        key_rotation.rotate_data_keys(settings, actor=TERMINAL, report=lambda done, total: None)
        assert db.session.get_one(SealedValue, MAIL_PASSWORD).sealed != before
        assert set(key_rotation.keys_in_use()) == {vault().current}
    part_of(world.app, StoredValues).forget()
    assert "S3cret" in str(in_force(world))


def test_under_other_keys_no_email_is_lost_and_the_page_asks_for_the_password(
    world: World, carol: Visitor, mailbox: Mailbox
) -> None:
    server = {"host": "127.0.0.1", "scheme": "smtp", "port": str(mailbox.port)}
    save(carol, **server, user="gate", password=PASSWORD)
    with world.data():
        row = db.session.get_one(SealedValue, MAIL_PASSWORD)
        row.sealed = Vault({"other": b"x" * 32}).seal("smtp://gate:x@127.0.0.1:25", row.seal_context)
    part_of(world.app, StoredValues).forget()
    page = carol.press("Send me a test email")
    assert "The password of the mail server can't be read with the keys of this site" in page.text
    assert "PasswordUnreadable: the stored password can't be read" in carol.open("/admin/site").text
    assert save(carol, **server).status == 400
    save(carol, **server, user="")
    world.deliver()
    assert [message["To"] for message in mailbox.messages] == ["carol@example.com"]


def test_staff_and_help_desk_set_no_mail_server(world: World, carol: Visitor) -> None:
    world.linked_earlier("dave")
    dave = world.log_in_and_wait("dave")
    dave.open("/")
    assert dave.submit("/admin/site/mail-server", **SERVER).status == 403
    assert world.count(SiteSetting) == 0


def test_no_thread_of_a_new_process_takes_it_for_a_site_without_a_mail_server(
    world: World, carol: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one thread reads the stored values for the first time, another one sends an email."""
    save(carol, **{**SERVER, "user": ""})
    fresh, seen_meanwhile = StoredValues(), []

    def read_slowly(statement: Executable) -> Sequence[Row[Any]]:
        monkeypatch.setattr(site_values, "rows_beside", rows_beside)
        seen_meanwhile.append(fresh.known().get("smtp_url"))
        return rows_beside(statement)

    monkeypatch.setattr(site_values, "rows_beside", read_slowly)
    with world.data():
        fresh.known()
    assert seen_meanwhile == ["smtps://mail.example.com:465"]


def test_no_email_becomes_a_file_before_the_stored_values_could_be_read(
    world: World, carol: Visitor, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(carol, host="127.0.0.1", scheme="smtp", port=str(mailbox.port))
    with world.data():
        outbox.enqueue(Mail.PASSWORD_CHANGED, world.user("carol"), now=world.clock())

    def fail(_statement: Executable) -> Sequence[Row[Any]]:
        raise SQLAlchemyError

    put(world.app, StoredValues())
    with monkeypatch.context() as away:
        away.setattr(site_values, "rows_beside", fail)
        assert world.deliver() == 0
    part_of(world.app, StoredValues).forget()
    world.clock.advance(minutes=2)
    assert world.deliver() == 1
    assert [message["To"] for message in mailbox.messages] == ["carol@example.com"]
