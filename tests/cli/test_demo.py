"""`second-gate demo`: a made-up company to try the site with."""

import re
import shlex
import shutil
import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest

from bin import code, dev
from mfa_app.core.audit import verification
from mfa_app.core.common import clock
from mfa_app.models import Group, Role, User
from mfa_app.settings import PROJECT_ROOT
from tests.support.terminal import Shell, Typist, done, refused
from tests.support.world import World


def passwords_in(output: str) -> dict[str, str]:
    """Return the printed passwords by first name."""
    return dict(re.findall(r"^(\w+)@firma\.example +((?:\w{4}-){3}\w{4}) ", output, re.MULTILINE))


def run_demo(world: World) -> str:
    return done(world.app.test_cli_runner().invoke(args=["demo"]))


@pytest.fixture
def output(world: World) -> str:
    """What the command says; the company is founded once, and copied for each test."""
    return world.after(run_demo)


def test_the_company_has_all_kinds_of_people_and_rules(world: World, output: str) -> None:
    assert 35 <= world.count(User) <= 50
    assert world.count(Group) == 5
    assert world.count(User, User.role == Role.ADMIN) == 1
    assert {"second_factor.reset", "person.exempted", "code.refused", "device.trusted"} <= set(world.events())
    with world.data():
        assert verification.verify() is None
        assert clock.now() == world.clock()  # it lived in the past, and the clock goes on


def test_each_login_leads_where_the_list_says(world: World, output: str) -> None:
    leads_to = {"carla": "/login/code", "dmitri": "/enrolment", "lena": "/enrolment", "jonas": "/login"}
    leads_to |= dict.fromkeys(("elif", "farid", "greta", "hugo"), "/")
    for name, path in leads_to.items():
        visitor = world.visitor()
        visitor.open("/login")
        visitor.press("Log in", email=f"{name}@firma.example", password=passwords_in(output)[name])
        assert visitor.page.path == path, name


@pytest.mark.skipif(not shutil.which("oathtool"), reason="oathtool is not installed")
def test_the_printed_command_computes_a_code_that_works(world: World, output: str) -> None:
    ada = world.visitor()
    ada.open("/login")
    ada.press("Log in", email="ada@firma.example", password=passwords_in(output)["ada"])
    command = re.search(r"oathtool --totp -b \w+", output[output.index("SETUP KEY") :])[0]
    now = f"--now={world.clock():%Y-%m-%d %H:%M:%S} UTC"
    code = subprocess.run([*shlex.split(command), now], check=True, capture_output=True, text=True).stdout
    ada.press("Log in", code=code.strip())
    assert ada.page.path == "/"


def test_a_second_run_prints_the_same_list(output: str, world: World, typed: Typist) -> None:
    events = world.events()
    assert done(typed("demo")) == output
    assert world.events() == events


def test_the_demo_refuses_an_installation_with_people(world: World, typed: Typist) -> None:
    world.person("alice")
    assert "This installation already has people" in refused(typed("demo"))
    assert world.count(User) == 1


def test_make_code_knows_every_secret_of_the_demo(output: str) -> None:
    secrets = code.secrets_in(output)
    assert set(secrets) == {"ada", "ben", "carla", "ines"}
    assert all(f"oathtool --totp -b {secret}" in output for secret in secrets.values())


def test_make_code_reads_only_the_demo_whatever_the_settings(tmp_path: Path) -> None:
    assert code.DEMO == PROJECT_ROOT / "instance" / "demo" / "demo.txt"
    (tmp_path / "demo.txt").write_text("zoe@firma.example  JBSW\n   oathtool --totp -b JBSWY3DPEHPK3PXP\n")
    assert list(code.secrets_in((tmp_path / "demo.txt").read_text())) == ["zoe"]
    ended, output, errors = Shell(tmp_path).run("bin.code", "zoe")
    assert (ended, output, errors.count("\n")) == (1, "", 1)


def test_make_dev_prints_an_email_as_text() -> None:
    mail = EmailMessage()
    mail["To"], mail["Subject"] = "ada@firma.example", "Zürich"
    mail.set_content("Grüße\n")
    mail.add_alternative("<p>Grüße</p>", subtype="html")
    assert dev.as_text(mail.as_bytes()).splitlines() == [
        dev.RULER,
        "To: ada@firma.example",
        "Subject: Zürich",
        "",
        "Grüße",
        dev.RULER,
    ]
