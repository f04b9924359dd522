"""The list of invitations: how far each has come, its filters and pages, and "Send again" for several."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from mfa_app.core.mail import delivery
from mfa_app.core.operations import housekeeping
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.core.users import accounts, invitation_list, invitations
from mfa_app.extensions import db
from mfa_app.models import Invitation
from tests.support.browser import Page, Visitor
from tests.support.stories import carol_at_work
from tests.support.world import TERMINAL, VISITOR, World

LIST = "/admin/people/invitations"

NAMES = ("Accepted", "Ended", "Refused", "Expired", "Opened", "Waiting", "Sent")


def carol_has_invited_seven(world: World) -> Visitor:
    """Return the browser of carol. Each of those she has invited is called after the state."""
    carol = world.after(carol_at_work)
    tokens = {}
    for name in NAMES:
        world.person(name.lower(), password=None)
        with world.data():
            actor = as_user(VISITOR, world.user("carol"))
            tokens[name] = invitations.invite(world.user(name.lower()), actor=actor, now=world.clock())
    with world.data():
        delivery.deliver_due()
        of_waiting = update(Invitation).where(Invitation.user_id == world.user("waiting").id)
        db.session.execute(of_waiting.values(mailed_at=None))
        accounts.end_access(world.user("ended"), actor=TERMINAL)
        refused = world.user("refused")
        refused.email_refused_at, refused.email_refusal = world.clock(), "550 no such user"
        of_expired = update(Invitation).where(Invitation.user_id == world.user("expired").id)
        past = world.clock() - timedelta(days=1)
        db.session.execute(of_expired.values(sent_at=past - timedelta(days=7), expires_at=past))
    for name, password in (("Opened", "short"), ("Accepted", "eleven slow trams across the bridge")):
        visitor = world.visitor()
        visitor.open(f"/link/{tokens[name]}")
        visitor.press("Save password", password=password)
    return carol


@pytest.fixture
def carol(world: World) -> Visitor:
    return world.after(carol_has_invited_seven)


def rows(page: Page) -> dict[str, str]:
    """Return what the list says of each person."""
    found = [row.get_text("|", strip=True).split("|", 1) for row in page.html.select("tbody tr")]
    return dict(map(tuple, found))


def test_the_list_says_who_was_invited_by_whom_and_how_far_that_has_come(
    world: World, carol: Visitor
) -> None:
    listed = rows(carol.open(LIST))
    states = ("Accepted", "Ended with all other access", "Email refused", "Expired", "Opened")
    for name, state in zip(NAMES, (*states, "Waiting to be sent", "Sent"), strict=True):
        assert f"{name.lower()}@example.com|Carol|" in listed[name]
        assert f"UTC|{state}|" in listed[name], name
    assert list(listed)[-1] == "Expired"  # the newest come first
    assert "Works until" in carol.page.text


def test_a_filter_lists_the_invitations_of_one_stage(carol: Visitor) -> None:
    for stage, names in {
        "waiting": {"Waiting"},
        "sent": {"Sent"},
        "opened": {"Opened"},
        "refused": {"Refused"},
        "expired": {"Expired"},
        "ended": {"Ended"},
        "asked": set(),
        "accepted": {"Accepted"},
        "": set(NAMES),
    }.items():
        assert set(rows(carol.open(f"{LIST}?state={stage}"))) == names, stage
    assert carol.open(f"{LIST}?state=nonsense").status == 400


def test_those_who_are_ticked_get_the_invitation_again_and_nobody_else(world: World, carol: Visitor) -> None:
    world.clock.advance(minutes=5)
    carol.open(f"{LIST}?state=expired")
    page = carol.press("Send again", people=[world.id_of("expired"), world.id_of("accepted")])
    assert (page.path, page.response.request.query_string) == (LIST, b"state=expired")
    assert "1 person invited." in page.text
    assert "Left out, because a password has been chosen already: Accepted" in page.text
    assert world.mails("expired") == ["invitation", "invitation"]
    assert world.mails("accepted") == world.mails("sent") == ["invitation"]
    assert "|Sent|" in rows(carol.open(LIST))["Expired"]
    carol.page.check()


def test_nothing_is_sent_again_without_a_person_or_from_another_site(world: World, carol: Visitor) -> None:
    carol.open(LIST)
    assert "Tick the people first." in carol.press("Send again").text
    assert carol.client.post(LIST, data={"people": world.id_of("sent")}).status_code == 400
    assert world.mails("sent") == ["invitation"]


def test_only_who_can_still_choose_a_first_password_can_be_ticked(world: World, carol: Visitor) -> None:
    offered = {int(box["value"]) for box in carol.open(LIST).html.select("tbody input[type=checkbox]")}
    assert offered == {world.id_of(name.lower()) for name in NAMES if name != "Accepted"}
    assert not carol.open(f"{LIST}?state=accepted").html.select("main form[method=post]")


def test_the_pages_of_the_list_hold_everyone_once(
    world: World, carol: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitation_list, "PAGE", 3)
    listed = [*rows(carol.open(LIST))]
    for number in (3, 1):
        listed += (found := rows(carol.follow("Next")))
        assert len(found) == number
    assert sorted(listed) == sorted(NAMES)
    assert len(rows(carol.open(f"{LIST}?after=nothing"))) == 3


def test_the_help_desk_sees_no_invitations(world: World, carol: Visitor) -> None:
    world.linked_earlier("dave")
    dave = world.log_in_and_wait("dave")
    assert dave.open(LIST).status == 403
    assert LIST not in dave.open("/admin/people").text


def test_who_has_accepted_is_forgotten_a_month_later(world: World, carol: Visitor) -> None:
    for days, left in ((29, 7), (2, 6)):
        world.clock.advance(days=days)
        with world.data():
            housekeeping.purge_expired(now=world.clock())
        assert world.count(Invitation) == left
