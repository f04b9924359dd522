"""A refusal that no form shows is a page with its sentence, and what was recorded on the way is saved."""

from collections.abc import Callable
from unittest import mock

import pytest

from mfa_app.admin.users import detail
from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import errors
from mfa_app.core.policy.facts import PolicySubject
from mfa_app.models import Authenticator, Role
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import Form
from tests.support.browser import Page, Visitor
from tests.support.stories import dave_at_work
from tests.support.world import World


@pytest.fixture
def alice(world: World) -> Visitor:
    world.person("alice")
    return world.password_given("alice")


def answered(world: World, visitor: Visitor, view: Callable[[], str]) -> Page:
    """Return how the home page is answered if this were its view."""
    with mock.patch.dict(world.app.view_functions, {"account.home": view}):
        return visitor.open("/")


def refuse_with(refusal: Exception) -> Callable[[], str]:
    """Return a view that records that it was open, and then refuses."""

    def view() -> str:
        record(Event.ACCESS_REFUSED, actor=current_actor(), page="/")
        raise refusal

    return view


@pytest.mark.parametrize(
    ("refusal", "status", "sentence"),
    [
        (errors.EmailTaken(), 409, "There is already an account with this email address."),
        (errors.LastAdministrator(), 409, "no administrator would be able to get in any more"),
        (errors.UnacceptablePassword("short"), 409, "Use at least 15 characters."),
        (errors.NotAllowed(), 403, "Your role doesn't allow this."),
    ],
)
def test_a_refusal_that_no_form_shows_is_a_page_with_its_sentence(
    world: World, alice: Visitor, refusal: errors.Refusal, status: int, sentence: str
) -> None:
    page = answered(world, alice, refuse_with(refusal))
    assert page.status == status
    assert sentence in page.text
    assert world.events()[-1] == Event.ACCESS_REFUSED.label


def test_a_throttled_request_that_no_form_shows_is_told_when_to_try_again(
    world: World, alice: Visitor
) -> None:
    page = answered(world, alice, refuse_with(errors.Throttled(world.clock())))
    assert page.status == 429
    assert page.response.headers["Retry-After"] == "1"
    assert "Try again in 1 second." in page.text


def test_a_busy_site_saves_nothing_and_is_no_refusal(world: World, alice: Visitor) -> None:
    page = answered(world, alice, refuse_with(errors.HashingQueueFull()))
    assert page.status == 503
    assert "Too many people are logging in right now." in page.text
    assert Event.ACCESS_REFUSED.label not in world.events()


def test_a_role_that_changes_between_the_check_and_the_reset_refuses_the_reset(world: World) -> None:
    dave = world.after(dave_at_work)
    world.linked("alice")
    address = f"/admin/people/{world.id_of('alice')}/reset"
    dave.open(address)
    checked = detail.get_user_or_deny

    def promoted_meanwhile(user_id: int, *, to_change: bool = False) -> PolicySubject:
        found = checked(user_id, to_change=to_change)
        with world.data():
            world.user("alice").role = Role.ADMIN
        return found

    with mock.patch.object(detail, "get_user_or_deny", promoted_meanwhile):
        page = dave.press(
            "Reset 2-factor authentication", checked="called back", reason="Phone lost, called back on 4711"
        )
    assert page.status == 403
    assert "Your role doesn't allow this." in page.text
    assert world.count(Authenticator) == 2


def test_every_form_shows_refusals_at_fields_that_it_has(world: World) -> None:
    with world.app.test_request_context("/"):
        for form in (kind() for kind in Form.__subclasses__()):
            wrong = set(form.refusals_at.values()) - {field.name for field in form} - {""}
            assert not wrong, f"{type(form).__name__} has no {wrong}"
