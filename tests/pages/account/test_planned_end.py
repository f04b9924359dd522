"""An account with a last day: from the moment that the day is over, nobody gets in by any door."""

from datetime import date, timedelta

import pytest

from mfa_app.core.common import days
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.errors import AccountDisabled, LastAdministrator, SessionEnded
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.users import accounts, invitations, planned_end
from mfa_app.extensions import db
from mfa_app.models import Role
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.profiles import edit
from tests.support.statements import statements
from tests.support.stories import alice_on_a_remembered_device, carol_at_work
from tests.support.world import PASSWORD, TERMINAL, WRONG, World


def today(world: World) -> date:
    with world.data():
        return days.day_of(world.clock())


def end_today(world: World, name: str = "alice") -> None:
    """Let today be the last day of somebody's account."""
    with world.data():
        today = days.day_of(world.clock())
        edit(world.user(name), last_day=today, actor=TERMINAL, now=world.clock())


def let_the_day_end(world: World, *, but: timedelta = timedelta()) -> None:
    with world.data():
        end = days.end_after(days.day_of(world.clock())) - but
    world.clock.advance(seconds=(end - world.clock()).total_seconds())


@pytest.fixture
def alice(world: World) -> Visitor:
    return world.after(alice_on_a_remembered_device)


@both_databases
def test_on_the_last_day_all_doors_are_open_and_a_moment_later_none(world: World, alice: Visitor) -> None:
    end_today(world)
    let_the_day_end(world, but=timedelta(seconds=30))
    alice.open("/login")
    assert alice.give_password("alice@example.com", PASSWORD).path == "/"
    begun, code = world.password_given("alice"), world.next_code("alice")
    assert begun.page.path == "/login/code"
    world.clock.advance(seconds=30)
    assert alice.open("/").path == "/login"
    assert begun.press("Log in", code=code).path == "/login"
    assert alice.give_password("alice@example.com", PASSWORD).path == "/login"
    assert world.details("password.refused") == {"reason": "account ended", "failures": 1}


def test_who_does_not_know_the_password_learns_nothing_of_the_end(world: World, alice: Visitor) -> None:
    end_today(world)
    let_the_day_end(world)
    of_alice, of_nobody = (
        world.visitor().give_password(f"{name}@example.com", WRONG).text for name in ("alice", "nobody")
    )
    assert of_alice == of_nobody
    assert "closed" not in of_alice


def test_no_link_in_hand_and_no_forgotten_password_opens_an_account_that_has_ended(
    world: World, alice: Visitor
) -> None:
    end_today(world)
    let_the_day_end(world, but=timedelta(minutes=1))
    with world.data():
        user, now = world.user("alice"), world.clock()
        token = one_time_links.create(Purpose.PASSWORD_RESET, user, now=now)
    assert world.visitor().open(f"/link/{token}").status == 200
    world.clock.advance(minutes=1)
    assert world.visitor().open(f"/link/{token}").status == 410
    visitor, mails = world.visitor(), world.mails("alice")
    visitor.open("/password/forgotten")
    visitor.press("Send the link", email="alice@example.com")
    assert world.mails("alice") == mails


def test_nobody_is_invited_to_an_account_that_has_ended(world: World) -> None:
    world.person("alice", password=None)
    end_today(world)
    let_the_day_end(world)
    with world.data(), pytest.raises(AccountDisabled):
        invitations.invite(world.user("alice"), actor=TERMINAL, now=world.clock())


def test_the_last_administrator_gets_no_last_day(world: World) -> None:
    """Nor may the only one without a last day go while the others have one."""
    world.linked("carol")
    world.linked("erin", role=Role.ADMIN)
    end_today(world, "erin")
    with pytest.raises(LastAdministrator):
        end_today(world, "carol")
    with world.data(), pytest.raises(LastAdministrator):
        accounts.disable(world.user("carol"), actor=TERMINAL, now=world.clock())


def test_the_page_says_at_which_field_the_last_administrator_is_missing(world: World) -> None:
    carol = world.after(carol_at_work)
    world.linked("erin", role=Role.ADMIN)
    end_today(world, "carol")
    edit = f"/admin/people/{world.id_of('erin')}/edit"
    carol.open(edit)
    page = carol.press("Save", last_day=today(world).isoformat())
    assert [error["id"] for error in page.html.select(".field-error")] == ["last_day-error"]
    carol.open(edit)
    carol.press("Save", role="staff")
    page = carol.press("Save")
    assert [error["id"] for error in page.html.select(".field-error")] == ["role-error"]


def test_an_administrator_whose_account_has_ended_does_not_count(world: World) -> None:
    world.linked("carol")
    world.linked("erin", role=Role.ADMIN)
    end_today(world, "carol")
    let_the_day_end(world)
    with world.data(), pytest.raises(LastAdministrator):
        accounts.disable(world.user("erin"), actor=TERMINAL, now=world.clock())


def test_a_last_day_and_a_number_are_entered_shown_and_taken_away(world: World) -> None:
    carol = world.after(carol_at_work)
    day = today(world) + timedelta(days=30)
    carol.open("/admin/people/new")
    typed = {"name": "Anna Berg", "email": "anna@example.com", "directory_number": " 4711 "}
    carol.press("Add the person", **typed, last_day=day.isoformat())
    page = carol.follow("Go on")
    assert {"4711", "Last day"} <= {term.get_text() for term in page.html.select("dt, dd")}
    edit = f"/admin/people/{world.id_of('anna')}/edit"
    with world.data():
        assert accounts.profile_of(world.user("anna")).last_day == day
    carol.open(edit)
    assert "leave this empty" in carol.press("Save", last_day=str(day - timedelta(days=31))).text
    assert "leave this empty" in carol.press("Save", last_day="31 March").text
    page = carol.press("Save", last_day="", directory_number="")
    assert "Last day" not in page.html.select_one("#account").get_text()
    assert world.details("person.edited") == {
        "before": {"last_day": day.isoformat(), "directory_number": "4711"},
        "after": {"last_day": None, "directory_number": None},
    }


def test_a_last_day_that_is_over_stays_while_the_rest_is_edited(world: World) -> None:
    world.person("alice")
    end_today(world)
    let_the_day_end(world)
    carol = world.after(carol_at_work)
    carol.open(f"/admin/people/{world.id_of('alice')}/edit")
    page = carol.press("Save", name="Alicia")
    assert "was the last day of the account" in page.text


def test_who_is_enabled_again_has_no_last_day_that_is_over(world: World) -> None:
    world.person("alice")
    end_today(world)
    with world.data():
        accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())
    let_the_day_end(world)
    with world.data():
        accounts.enable(world.user("alice"), actor=TERMINAL, now=world.clock())
    assert world.password_given("alice").page.path == "/"


@both_databases
def test_the_job_disables_what_has_ended_and_the_trail_names_the_site(world: World) -> None:
    world.people("alice", "bob", password=None)
    end_today(world)
    with world.data():
        assert planned_end.disable_ended(now=world.clock()) == 0
    let_the_day_end(world)
    for ended in (1, 0):
        with world.data():
            assert planned_end.disable_ended(now=world.clock()) == ended
    with world.data():
        assert world.user("alice").disabled_at == world.clock()
        assert world.user("bob").disabled_at is None
    assert world.events("alice")[-1] == "person.disabled"


def test_the_job_asks_no_more_often_for_many_who_were_told_than_for_one(world: World) -> None:
    asked = []
    for names in (["alice"], ["bob", "erin", "frank"]):
        world.people(*names)
        with world.data():
            for name in names:
                world.user(name).ends_at = days.end_after(days.day_of(world.clock()) + timedelta(days=10))
        with world.data():
            assert planned_end.tell_before_end(now=world.clock()) == len(names)
        with statements(world) as sent, world.data():
            assert planned_end.tell_before_end(now=world.clock()) == 0
        asked.append(len(sent))
    assert asked[0] == asked[1]


def test_its_owner_is_told_fourteen_days_and_one_day_before_once_each(world: World) -> None:
    world.person("alice")
    with world.data():
        in_twenty_days = days.day_of(world.clock()) + timedelta(days=20)
        edit(world.user("alice"), last_day=in_twenty_days, actor=TERMINAL, now=world.clock())
    told = []
    for _day in range(22):
        for _run in range(2):
            with world.data():
                told.append(planned_end.tell_before_end(now=world.clock()))
        world.clock.advance(days=1)
    assert (sum(told), told.index(1), told[::-1].index(1)) == (2, 14, 3)
    assert world.mails("alice")[-2:] == ["account_ends", "account_ends"]
    world.deliver()
    words = " ".join(world.words_of_last_mail().split())
    assert "is the last day of your account" in words
    assert "When:" not in words, "the only day in it is the last one"


def test_an_actor_whose_last_day_ends_while_waiting_for_the_lock_changes_nothing(world: World) -> None:
    world.people("alice", "carol")
    with world.data():
        carol, alice = world.user("carol"), world.user("alice")
        actor = Actor(
            ActorKind.PERSON, carol.email, carol.id, carol.role, security_stamp=carol.security_stamp
        )
        carol.ends_at = world.clock()
        db.session.flush()
        with pytest.raises(SessionEnded):
            edit(alice, name="Eve", actor=actor, now=world.clock())
