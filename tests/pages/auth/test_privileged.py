"""Administrators and the help desk: behind both gates whatever the rules say, and linked through a link."""

import pytest

from mfa_app.core.factors import own_factors
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.policy import overrides
from mfa_app.core.users import accounts, enrolment_links, invitations
from mfa_app.models import Authenticator, Ending, OneTimeLink, Role
from tests.support.browser import Visitor
from tests.support.world import PASSWORD, TERMINAL, World

PRIVILEGED = ["carol", "dave"]
NEEDED = "/login/link-needed"


def without_link(world: World, name: str, **options: object) -> None:
    """Make a person with a password and no app, to whom nobody has sent a link or given a reset."""
    world.person(name, **options)
    with world.data():
        world.user(name).link_required = False


def mailed_link(world: World) -> str:
    world.deliver()
    return world.link_in_last_mail()


def send_link(world: World, name: str) -> str:
    with world.data():
        enrolment_links.send(world.user(name), actor=TERMINAL, now=world.clock())
    return mailed_link(world)


def link_app(world: World, name: str, visitor: Visitor) -> None:
    assert visitor.page.path == "/enrolment"
    world.phones[name] = world.phone_that_scans(visitor.page)
    visitor.press("Enable", code=world.phones[name].code())
    assert "You are now logged in" in visitor.page.text


def change_role(world: World, name: str, role: Role) -> None:
    with world.data():
        accounts.change_role(world.user(name), role, actor=TERMINAL, now=world.clock())


@pytest.mark.parametrize("name", PRIVILEGED)
def test_with_the_password_alone_no_page_opens_but_the_one_that_says_what_to_do(
    world: World, name: str
) -> None:
    without_link(world, name)
    visitor = world.password_given(name)
    assert visitor.page.path == NEEDED
    assert f"second-gate users app-link {name}@example.com" in visitor.page.text
    for path in ("/", "/admin", "/admin/people", "/enrolment", "/account", "/login/again", "/login/code"):
        assert visitor.open(path).path == NEEDED, path
    assert visitor.post("/enrolment", code="123456", follow=True).path == NEEDED
    assert visitor.press("Log out").path == "/login"
    assert world.count(Authenticator) == 0


@pytest.mark.parametrize("name", PRIVILEGED)
def test_a_link_and_the_password_lead_to_linking(world: World, name: str) -> None:
    without_link(world, name)
    visitor = world.visitor()
    visitor.open(send_link(world, name))
    assert visitor.page.path == "/login/link"
    assert visitor.press("Continue", password="not the password at all").status == 400
    visitor.press("Continue", password=PASSWORD)
    link_app(world, name, visitor)
    assert world.password_given(name).page.path == "/login/code"


def test_a_link_opens_nothing_without_the_password(world: World) -> None:
    without_link(world, "carol")
    eve = world.visitor()
    eve.open(send_link(world, "carol"))
    assert eve.open("/enrolment").path == "/login"
    assert eve.open("/admin").path == "/login"


def test_a_link_is_used_up_by_the_password_and_its_session_goes_on(world: World) -> None:
    without_link(world, "carol")
    link, carol = send_link(world, "carol"), world.visitor()
    carol.open(link)
    carol.press("Continue", password=PASSWORD)
    assert world.visitor().open(link).status == 410
    assert world.password_given("carol").page.path == NEEDED
    world.clock.advance(minutes=25)
    assert carol.open("/").path == "/login/again"
    carol.press("Confirm", password=PASSWORD)
    link_app(world, "carol", carol)


def test_a_link_permits_its_owner_alone_to_link(world: World) -> None:
    for name in PRIVILEGED:
        without_link(world, name)
    eve = world.visitor()
    eve.open(send_link(world, "carol"))
    eve.open("/login")
    eve.press("Log in", email="dave@example.com", password=PASSWORD)
    assert eve.page.path == NEEDED


def test_the_page_about_the_person_sends_a_link(world: World) -> None:
    carol = world.at_work("carol")
    without_link(world, "dave")
    page = carol.open(f"/admin/people/{world.id_of('dave')}")
    assert "Dave can't log in yet" in page.text
    carol.press("Make a link to set up an app")
    assert "No mail server is set up" in carol.page.text
    assert "person.enrolment_link_sent" in world.events("dave")
    dave = world.visitor()
    dave.open(mailed_link(world))
    dave.press("Continue", password=PASSWORD)
    link_app(world, "dave", dave)
    assert "a link to set up" not in carol.open(f"/admin/people/{world.id_of('dave')}").text


def test_nobody_else_is_offered_a_link(world: World) -> None:
    carol = world.at_work("carol")
    world.person("alice")
    page = carol.open(f"/admin/people/{world.id_of('alice')}")
    assert "a link to set up" not in page.text
    answer = carol.post(f"/admin/people/{world.id_of('alice')}/app-link", follow=True)
    assert "can set one up without a link" in answer.text
    assert world.count(OneTimeLink, OneTimeLink.purpose == Purpose.ENROLMENT) == 0


@pytest.mark.parametrize("name", PRIVILEGED)
def test_after_a_reset_the_password_leads_to_linking(world: World, name: str) -> None:
    world.linked_earlier(name)
    world.reset(name)
    visitor = world.password_given(name)
    assert visitor.open("/admin/people").path == "/enrolment"
    link_app(world, name, visitor)


def test_who_is_invited_goes_from_the_password_to_linking(world: World) -> None:
    world.person("dave", password=None)
    with world.data():
        world.user("dave").link_required = False
        invitations.invite(world.user("dave"), actor=TERMINAL, now=world.clock())
    dave = world.visitor()
    dave.open(mailed_link(world))
    dave.press("Save password", password=PASSWORD)
    assert world.password_given("dave").page.path == NEEDED
    link_app(world, "dave", dave)


def test_an_invitation_of_somebody_with_an_app_leads_to_the_code(world: World) -> None:
    world.linked_earlier("dave")
    with world.data():
        token = one_time_links.create(Purpose.INVITATION, world.user("dave"), now=world.clock())
    eve = world.visitor()
    eve.open(f"/link/{token}")
    eve.press("Save password", password="eleven slow trams across the bridge")
    assert eve.page.path == "/login/code"
    assert eve.open("/").path == "/login/code"
    assert eve.open("/enrolment").path == "/login/code"


def test_a_forgotten_password_permits_no_linking(world: World) -> None:
    without_link(world, "carol")
    with world.data():
        token = one_time_links.create(Purpose.PASSWORD_RESET, world.user("carol"), now=world.clock())
    eve = world.visitor()
    eve.open(f"/link/{token}")
    new = "eleven slow trams across the bridge"
    eve.press("Save password", password=new)
    assert eve.press("Log in", email="carol@example.com", password=new).path == NEEDED


def test_a_set_up_left_at_the_qr_code_goes_on_in_its_own_session_alone(world: World) -> None:
    with world.data():
        link = "/link/" + one_time_links.create(Purpose.SETUP, None, now=world.clock())
    carol = world.visitor()
    carol.open(link)
    fields = {"name": "Carol", "email": "carol@example.com", "password": PASSWORD}
    assert carol.press("Create the administrator", **fields).path == "/enrolment"
    assert world.password_given("carol").page.path == NEEDED
    link_app(world, "carol", carol)


@pytest.mark.parametrize("role", [Role.HELPDESK, Role.ADMIN])
def test_a_promotion_mails_a_link_and_opens_nothing_until_it_is_used(world: World, role: Role) -> None:
    world.person("alice")
    change_role(world, "alice", role)
    assert world.mails("alice") == ["enrolment_link"]
    alice = world.password_given("alice")
    assert alice.open("/admin/people").path == NEEDED
    alice.open(mailed_link(world))
    alice.press("Continue", password=PASSWORD)
    link_app(world, "alice", alice)
    assert alice.open("/admin/people").path == "/admin/people"


def test_a_promotion_on_the_page_shows_the_link_that_it_needs(world: World) -> None:
    carol = world.at_work("carol")
    world.person("alice")
    carol.open(f"/admin/people/{world.id_of('alice')}/edit")
    carol.press("Save", role="helpdesk")
    carol.press("Save")
    assert "With it and the password, Alice sets up an authentication app" in carol.page.text


def test_a_promotion_of_somebody_with_an_app_sends_no_link(world: World) -> None:
    world.linked_earlier("alice")
    change_role(world, "alice", Role.ADMIN)
    assert world.count(OneTimeLink, OneTimeLink.purpose == Purpose.ENROLMENT) == 0
    assert world.password_given("alice").page.path == "/login/code"


def test_a_promotion_of_somebody_invited_renews_the_invitation(world: World) -> None:
    world.person("alice", password=None)
    change_role(world, "alice", Role.HELPDESK)
    assert world.mails("alice") == ["invitation"]


def test_a_reset_by_the_help_desk_does_not_open_a_role_that_comes_later(world: World) -> None:
    world.linked_earlier("alice")
    dave = world.at_work("dave")
    dave.open(f"/admin/people/{world.id_of('alice')}/reset")
    dave.press("Reset 2-factor authentication", checked="called back", reason="lost phone")
    change_role(world, "alice", Role.ADMIN)
    assert world.password_given("alice").page.path == NEEDED


def test_a_link_is_worth_nothing_once_the_role_is_taken_back(world: World) -> None:
    without_link(world, "carol")
    world.linked("anton", role=Role.ADMIN)
    link = send_link(world, "carol")
    change_role(world, "carol", Role.STAFF)
    assert world.visitor().open(link).status == 410


@pytest.mark.parametrize("name", PRIVILEGED)
def test_the_last_app_cannot_be_removed(world: World, name: str) -> None:
    world.linked_earlier(name)
    visitor = world.log_in_and_wait(name)
    page = visitor.open("/account")
    assert "always required for your role" in page.text
    assert "remove the app" not in page.text
    answer = visitor.post(f"{world.app_page(name)}/remove", follow=True)
    assert "required for you" in answer.text
    assert world.count(Authenticator) == 1


def test_an_app_is_replaced_as_before(world: World) -> None:
    world.linked_earlier("carol")
    carol = world.log_in_and_wait("carol")
    new = world.phone_that_scans(carol.open(world.replacement_page("carol")))
    assert "Your new phone is linked" in carol.press("Enable", code=new.code()).text


@pytest.mark.parametrize("name", PRIVILEGED)
def test_an_exemption_from_before_spares_nobody(world: World, name: str) -> None:
    world.linked_earlier(name)
    with world.data():
        world.user(name).exempt_until = world.clock().replace(year=2027)
    assert world.password_given(name).page.path == "/login/code"


def test_a_promotion_ends_the_exemption(world: World) -> None:
    world.linked_earlier("alice")
    with world.data():
        until = world.clock().replace(year=2027)
        overrides.exempt(
            world.user("alice"), until=until, reason="broken phone", actor=TERMINAL, now=world.clock()
        )
    change_role(world, "alice", Role.HELPDESK)
    assert "person.exemption_ended" in world.events("alice")
    with world.data():
        assert world.user("alice").exempt_until is None


def test_exempting_the_help_desk_is_refused_with_a_sentence(world: World) -> None:
    carol = world.at_work("carol")
    world.linked_earlier("dave")
    page = carol.open(f"/admin/people/{world.id_of('dave')}/policy")
    assert "always need 2-factor authentication" in page.text
    assert page.html.find(attrs={"name": "until"}) is None
    path = f"/admin/people/{world.id_of('dave')}/policy"
    answer = carol.post(path, until="2026-03-20", reason="lost phone")
    assert (answer.status, "Change the role first" in answer.text) == (409, True)
    assert "person.exempted" not in world.events()


def test_the_linking_of_an_app_needs_no_link_again(world: World) -> None:
    world.linked_earlier("carol")
    with world.data():
        assert not world.user("carol").link_required
        assert not enrolment_links.needs_link(world.user("carol"))
        own_factors.delete_all(world.user("carol").id, Ending.REMOVED, now=world.clock())
    assert world.password_given("carol").page.path == NEEDED
