"""What the pages promise about email: only what is true with, and without, a mail server."""

import re
from pathlib import Path

import pytest

from mfa_app.core.mail import outbox
from tests.support.browser import Visitor
from tests.support.stories import carol_at_work
from tests.support.world import World

ALICE = "alice@example.com"


@pytest.fixture
def carol(world: World) -> Visitor:
    world.person("alice", password=None)
    return world.after(carol_at_work)


@pytest.fixture
def environment(environment: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a site without a mail server, or with one that does not answer."""
    return {**environment, **getattr(request, "param", {})}


with_mail_server = pytest.mark.parametrize(
    "environment", [{"MFA_SMTP_URL": "smtp://127.0.0.1:9"}], indirect=True
)


def files_named_in(world: World, text: str) -> list[Path]:
    folder: Path = world.app.config["SETTINGS"].instance_path
    return [folder.parent / name for name in re.findall(r"[\w-]+/outbox/[\w-]+\.eml", text)]


def test_without_a_mail_server_the_page_names_the_file_of_an_invitation(world: World, carol: Visitor) -> None:
    carol.open(f"/admin/people/{world.id_of('alice')}")
    page = carol.press("Make a link")
    (file,) = files_named_in(world, page.text)
    assert f"To: {ALICE}" in file.read_text("utf-8")
    assert f"flask --app wsgi users invite {ALICE}" in page.text


def test_without_a_mail_server_the_page_names_the_file_for_a_new_person(world: World, carol: Visitor) -> None:
    assert "No mail server is set up" in carol.open("/admin/people/new").text
    page = carol.press("Add the person", name="Frank", email="frank@firma.local")
    (file,) = files_named_in(world, page.text)
    assert "To: frank@firma.local" in file.read_text("utf-8")


def test_without_a_mail_server_no_page_promises_an_email(world: World, carol: Visitor) -> None:
    page_of_alice = f"/admin/people/{world.id_of('alice')}"
    assert "tell this person yourself" in carol.open(f"{page_of_alice}/reset").text
    assert "tell them yourself" in carol.open(f"{page_of_alice}/edit").text
    stranger = world.visitor()
    stranger.open("/password/forgotten")
    assert "This site sends no emails" in stranger.press("Send the link", email=ALICE).text


@with_mail_server
def test_with_a_mail_server_the_email_is_on_its_way(world: World, carol: Visitor) -> None:
    page_of_alice = f"/admin/people/{world.id_of('alice')}"
    assert "We'll send this person an email" in carol.open("/admin/people/new").text
    assert "gets an email" in carol.open(f"{page_of_alice}/reset").text
    assert "we'll tell the old one" in carol.open(f"{page_of_alice}/edit").text
    carol.open(page_of_alice)
    page = carol.press("Send an invitation")
    assert f"on its way to {ALICE}" in page.text
    assert "outbox" not in page.text
    assert world.mails(ALICE) == [outbox.Mail.INVITATION]
