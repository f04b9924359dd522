"""The overview of administration: who still has to link, what waits, and what it costs to look."""

import pytest

from mfa_app.core.mail import delivery, outbox
from mfa_app.core.mail.smtp import RecipientRefused
from mfa_app.core.operations import statistics
from mfa_app.core.policy.decision import will_be_required
from mfa_app.core.policy.facts import find_subjects
from mfa_app.models import OutboxMail
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.statements import cost
from tests.support.stories import carol_at_work
from tests.support.world import World


@pytest.fixture
def carol(world: World) -> Visitor:
    """The administrator, who has just entered a code."""
    return world.after(carol_at_work)


def test_the_overview_counts_who_still_has_to_link(world: World, carol: Visitor) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    world.person("bob", groups_=("Finance",))
    with world.data():
        world.user("bob").exempt_until = world.clock().replace(year=2027)
    page = carol.open("/admin")
    assert "Still to link 1 required, but no app or passkey yet" in page.text
    assert "Latest events" in page.text


@both_databases
def test_the_overview_counts_in_sql_what_the_policy_says(world: World) -> None:
    world.group("Finance", required=True, grace_days=5)
    world.group("Sales")
    for number, group in enumerate(("Finance", "Sales", "Finance", "Sales", "Finance")):
        world.person(f"person{number}", groups_=(group, "Sales")[: 1 + (group == "Finance")])
    with world.data():
        world.user("person1").required = True
        world.user("person2").exempt_until = world.clock().replace(year=2027)
        world.user("person4").exempt_until = world.clock()
        now = world.clock()
        expected = [will_be_required(person.facts, now=now) for person in find_subjects()]
        assert statistics.site_statistics(now=now).must_link == sum(expected)
        assert sum(expected) == 3


def test_the_overview_costs_the_same_for_few_and_for_many(world: World, carol: Visitor) -> None:
    few = cost(world, carol, "/admin")
    world.group("Finance", required=True)
    world.people(*(f"person{number}" for number in range(12)), groups_=("Finance",))
    assert cost(world, carol, "/admin") == few


def failing_mail(world: World, error: str) -> None:
    """Let a mail wait that could not be sent."""
    with world.data():
        outbox.enqueue(outbox.Mail.LINKED, world.user("carol"), now=world.clock())
        waiting = OutboxMail.query.filter_by(sent_at=None).order_by(OutboxMail.created_at.desc()).first()
        delivery.mark_failed(waiting, error, now=world.clock())


@both_databases
def test_what_one_recipient_was_refused_is_not_told_of_all(world: World, carol: Visitor) -> None:
    failing_mail(world, "no route")
    with world.data():
        refused = RecipientRefused("450 4.2.1 try later", permanent=False)
        delivery.mark_refused(OutboxMail.query.filter_by(sent_at=None).one(), refused, now=world.clock())
    page = carol.open("/admin")
    assert "Emails waiting 1" in page.text
    assert "getting through" not in page.text


@both_databases
def test_an_error_is_over_when_a_later_mail_has_left(world: World, carol: Visitor) -> None:
    failing_mail(world, "no route")
    world.clock.advance(minutes=2)
    world.person("alice")
    with world.data():
        outbox.enqueue(outbox.Mail.LINKED, world.user("alice"), now=world.clock())
        later = OutboxMail.query.filter_by(to="alice@example.com").one()
        delivery.mark_sent(later, now=world.clock())
    assert "getting through" not in carol.open("/admin").text
    world.clock.advance(minutes=2)
    failing_mail(world, "no route again")
    assert "The last error: no route again" in carol.open("/admin").text


@both_databases
def test_an_error_that_was_given_up_long_ago_is_not_told_for_ever(world: World, carol: Visitor) -> None:
    failing_mail(world, "no route")
    with world.data():
        OutboxMail.query.filter_by(sent_at=None).one().next_attempt_at = None
    page = carol.open("/admin")
    assert "1 failed for good" in page.text
    assert "getting through" not in page.text


@both_databases
def test_an_error_of_the_mail_server_is_told_on_the_overview(world: World, carol: Visitor) -> None:
    with world.data():
        outbox.enqueue(outbox.Mail.LINKED, world.user("carol"), now=world.clock())
        waiting = OutboxMail.query.filter_by(sent_at=None).one()
        delivery.mark_failed(waiting, "SMTPConnectError: <refused>", now=world.clock())
    page = carol.open("/admin")
    assert "Emails waiting 1" in page.text
    assert "The last error: SMTPConnectError: <refused>" in page.text


def test_the_overview_names_administrators_and_help_desk_without_an_app(world: World, carol: Visitor) -> None:
    assert "have no app or passkey yet" not in carol.open("/admin").text
    world.people("dave", "alice")
    world.person("erin", role="admin", password=None)
    page = carol.open("/admin")
    assert "have no app or passkey yet" in page.text
    named = [link.get_text() for link in page.html.select(".note-warning a")]
    assert named == ["dave@example.com", "erin@example.com"]
