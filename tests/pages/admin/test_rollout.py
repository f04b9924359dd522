"""The board of a roll-out: steps, who must still link, the reminder, and the list as CSV."""

from datetime import UTC, datetime, timedelta

from mfa_app.core.rollout import trend
from tests.support.stories import carol_at_work
from tests.support.world import World


def test_the_board_shows_who_must_still_link_and_reminds_them(world: World) -> None:
    visitor = world.after(carol_at_work)
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    world.person("bob")
    page = visitor.open("/admin/rollout")
    assert "Never logged in" in page.text and "Remind 1 person" in page.text
    assert "alice@example.com" in page.text and "bob@example.com" not in page.text
    page = visitor.submit(f"/admin/people/{world.id_of('alice')}/remind")
    assert "1 person reminded." in visitor.current.text
    visitor.submit(f"/admin/people/{world.id_of('alice')}/remind")
    assert "There is nobody to remind now." in visitor.current.text
    assert world.events("alice").count("person.reminded") == 1


def test_who_saw_the_qr_code_and_stopped_comes_first(world: World) -> None:
    visitor = world.after(carol_at_work)
    world.group("Finance", required=True)
    world.people("alice", "bob", groups_=("Finance",))
    world.password_given("bob")
    page = visitor.open("/admin/groups/1/rollout").text
    assert page.index("bob@example.com") < page.index("alice@example.com")
    assert "Saw the QR code, not linked" in page and "2 (100 %)" in page


def test_what_is_no_key_of_a_page_begins_anew(world: World) -> None:
    visitor = world.after(carol_at_work)
    world.require(None)
    world.person("alice")
    for after in ("2-99999999999999999999", "9-1", "2-", "x", "2-1-1"):
        page = visitor.open("/admin/rollout", query_string={"after": after})
        assert (page.status, "alice@example.com" in page.text) == (200, True), after


def test_after_a_reminder_what_is_no_group_leads_to_the_board_of_all(world: World) -> None:
    visitor = world.after(carol_at_work)
    world.require(None)
    names = ("alice", "bob", "erin", "frank", "grace")
    world.people(*names)
    for name, group in zip(names, ("99999999999999999999", "0", "-1", "x", "7"), strict=True):
        page = visitor.submit(f"/admin/people/{world.id_of(name)}/remind", group=group)
        assert (page.path, page.status) == ("/admin/rollout", 200), group
        assert "1 person reminded." in page.text


def test_nobody_is_listed_or_reminded_after_their_last_day(world: World) -> None:
    visitor = world.after(carol_at_work)
    world.require(None)
    world.people("alice", "bob")
    with world.data():
        world.user("bob").ends_at = world.clock()
    page = visitor.open("/admin/rollout")
    assert ("alice@example.com" in page.text, "bob@example.com" in page.text) == (True, False)
    assert "1 person reminded." in visitor.press("Remind 1 person").text
    visitor.submit(f"/admin/people/{world.id_of('bob')}/remind")
    assert "There is nobody to remind now." in visitor.current.text
    assert world.mails("bob") == []


def test_the_trend_begins_with_the_second_day_and_says_its_numbers(world: World) -> None:
    visitor = world.after(carol_at_work)
    world.people("alice", "bob")
    with world.data():
        assert "The first are here tomorrow." in visitor.open("/admin/rollout").text
        trend.note_day(now=world.clock() + timedelta(days=1))
    page = visitor.open("/admin/rollout")
    assert "begins with the second day" in page.text and "<polyline" not in page.source
    world.linked_earlier("eve")
    with world.data():
        trend.note_day(now=world.clock() + timedelta(days=2))
    page = visitor.open("/admin/rollout")
    assert "33 % had linked an app or passkey on 2 March 2026, and 50 % on 3 March 2026." in page.text
    assert page.source.count("<polyline") == 3 and 'points="0,67 100,50"' in page.source
    assert "3 Mar 2026 4 2 2 2 2" in page.text and "2 Mar 2026 3 1 1 1 1" in page.text


def test_the_list_is_downloaded_and_the_download_is_on_the_trail(world: World) -> None:
    visitor = world.after(carol_at_work)
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    world.person("bob")
    visitor.open("/admin/groups/1/rollout")
    file = visitor.press("For other programs (commas)")
    assert [line.split(",")[1] for line in file.source.splitlines()[1:]] == ['"alice@example.com"']
    assert world.details("list.downloaded") == {"list": "to link", "group": "Finance"}
    visitor.open("/admin/rollout")
    visitor.press("For Excel (semicolons)")
    assert world.details("list.downloaded") == {"list": "to link", "group": ""}
    assert visitor.open("/admin/rollout.csv").status == 405
    assert "a list of names: who must still link (everyone)" in visitor.open("/admin/trail").text


def test_the_board_and_the_list_of_people_name_the_same_last_day(world: World) -> None:
    visitor = world.after(carol_at_work)
    world.require(None, required_from=datetime(2026, 12, 3, tzinfo=UTC))
    world.person("alice")
    assert "2 Dec 2026" in visitor.open("/admin/rollout").text
    assert "Must link by 2 Dec 2026" in visitor.open("/admin/people").text
