"""The page of somebody who has no password yet: how far the invitation has come, and what to do."""

from datetime import timedelta

import pytest

from mfa_app.core.sessions.signed_in import as_user
from mfa_app.core.users import accounts, invitations
from tests.support.browser import Visitor
from tests.support.world import TERMINAL, VISITOR, World

DORA_IS_INVITED = "Carol invited this person on 2 Mar 2026, 09:00 UTC."


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """A site with a mail server, which does not answer."""
    return {**environment, "MFA_SMTP_URL": "smtp://127.0.0.1:9"}


@pytest.fixture
def carol(world: World) -> Visitor:
    """Carol has just invited Dora."""
    carol = world.at_work("carol")
    world.person("dora", password=None)
    with world.data():
        actor = as_user(VISITOR, world.user("carol"))
        invitations.invite(world.user("dora"), actor=actor, now=world.clock())
    return carol


def page_of_dora(world: World, carol: Visitor) -> str:
    """Return its text. A time is an element of its own, so that a space comes between it and a full stop."""
    return carol.open(f"/admin/people/{world.id_of('dora')}").text.replace(" .", ".").replace(" ,", ",")


def test_the_page_tells_who_sent_an_invitation_and_until_when_it_works(world: World, carol: Visitor) -> None:
    page = page_of_dora(world, carol)
    assert f"{DORA_IS_INVITED} The link works until 9 Mar 2026, 09:00 UTC." in page
    assert "The email is waiting to be sent." in page
    assert "opened it" not in page


def test_the_page_tells_that_an_invitation_has_expired_and_sends_another(
    world: World, carol: Visitor
) -> None:
    with world.data():
        invitation = invitations.of_user(world.user("dora"))
        assert invitation is not None
        invitation.sent_at -= timedelta(days=7)
        invitation.expires_at -= timedelta(days=7)
    page = page_of_dora(world, carol)
    assert "invited this person on 23 Feb 2026, 09:00 UTC. The link expired on 2 Mar 2026, 09:00 UTC." in page
    carol.press("Send again")
    assert world.mails("dora") == ["invitation", "invitation"]
    assert f"{DORA_IS_INVITED} The link works until" in page_of_dora(world, carol)


def test_the_page_tells_that_the_mail_server_refused_the_email(world: World, carol: Visitor) -> None:
    with world.data():
        dora = world.user("dora")
        dora.email_refused_at, dora.email_refusal = world.clock(), "550 5.1.1 no such user"
    assert f"{DORA_IS_INVITED} The mail server refused the email." in page_of_dora(world, carol)


def test_the_refusal_of_an_earlier_email_is_not_that_of_the_invitation(world: World, carol: Visitor) -> None:
    with world.data():
        dora = world.user("dora")
        dora.email_refused_at, dora.email_refusal = world.clock() - timedelta(days=1), "550 5.1.1 full"
    assert f"{DORA_IS_INVITED} The link works until" in page_of_dora(world, carol)


def test_the_page_tells_that_the_link_ended_with_all_access(world: World, carol: Visitor) -> None:
    with world.data():
        accounts.end_access(world.user("dora"), actor=TERMINAL)
    assert f"{DORA_IS_INVITED} The link was ended, as all other access was." in page_of_dora(world, carol)


def test_the_page_tells_that_someone_chose_a_password_in_vain(world: World, carol: Visitor) -> None:
    dora = world.visitor()
    with world.data():
        token = invitations.invite(world.user("dora"), actor=TERMINAL, now=world.clock())
    dora.open(f"/link/{token}")
    dora.press("Save password", password="short")
    page = page_of_dora(world, carol)
    assert "This person was invited on 2 Mar 2026, 09:00 UTC." in page  # the terminal has no name
    assert "Someone opened it on 2 Mar 2026, 09:00 UTC, but the password they chose was refused." in page


def test_the_help_desk_sends_an_invitation_again_which_stays_the_administrators(
    world: World, carol: Visitor
) -> None:
    dave = world.at_work("dave")
    with world.data():
        invitation = invitations.of_user(world.user("dora"))
        assert invitation is not None
        invitation.expires_at = world.clock()
    assert "The link expired on" in page_of_dora(world, dave)
    page = dave.press("Send again")
    assert "An invitation with a link to choose a password is on its way to dora@example.com." in page.text
    assert "Carol invited this person on" in page.text
    assert "The link works until" in page.text
    assert world.events("dora")[-1] == "person.invited"
    with world.data():
        invitation = invitations.of_user(world.user("dora"))
        assert invitation is not None
        assert (invitation.sender, invitation.sender_id) == ("Carol", world.user("carol").id)


def test_the_help_desk_invites_nobody_whom_no_administrator_has_invited(world: World, carol: Visitor) -> None:
    world.person("frank", password=None)
    dave = world.at_work("dave")
    page = dave.open(f"/admin/people/{world.id_of('frank')}")
    assert "This person has not been invited yet." in page.text
    assert "Send an invitation" not in page.text
    assert dave.post(f"/admin/people/{world.id_of('frank')}/invite").status == 403
    assert world.mails("frank") == []


def test_nobody_is_invited_to_an_account_whose_last_day_is_over(world: World, carol: Visitor) -> None:
    assert "Send again" in page_of_dora(world, carol)
    with world.data():
        world.user("dora").ends_at = world.clock()
    assert "Send again" not in page_of_dora(world, carol)


def test_who_was_never_invited_or_has_a_password_has_no_invitation_to_send_again(
    world: World, carol: Visitor
) -> None:
    world.person("frank", password=None)
    page = carol.open(f"/admin/people/{world.id_of('frank')}")
    assert "This person has not been invited yet." in page.text
    assert page.form_with("Send an invitation")
    world.person("alice")
    assert "invit" not in carol.open(f"/admin/people/{world.id_of('alice')}").text
