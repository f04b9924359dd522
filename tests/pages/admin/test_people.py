"""The pages on which an administrator finds, makes, changes and closes accounts."""

import pytest

from mfa_app.models import AuthSession, RememberedDevice, User
from tests.support.authenticator import Authenticator
from tests.support.browser import Visitor, attribute
from tests.support.changes import disable
from tests.support.databases import both_databases
from tests.support.passkeys import add_passkey
from tests.support.statements import cost
from tests.support.stories import carol_at_work
from tests.support.tables import changes
from tests.support.world import World

PROBE = "<script>alert(1)</script>\"'><b>Mallory"


@pytest.fixture
def carol(world: World) -> Visitor:
    return world.after(carol_at_work)


def page_of(world: World, name: str, *more: str) -> str:
    return "/".join((f"/admin/people/{world.id_of(name)}", *more))


def listed(visitor: Visitor, **query: str) -> list[str]:
    """Return the names in the list, as a search finds them."""
    page = visitor.open("/admin/people", query_string=query)
    return [link.get_text() for link in page.html.select("tbody td:first-child a")]


def test_a_search_finds_the_beginning_of_an_address_or_a_part_of_a_name(world: World, carol: Visitor) -> None:
    world.people("alice", "bob", "albert")
    world.rename("bob", "Robert Alvarez")
    assert listed(carol, q="AL") == ["Albert", "Alice", "Robert Alvarez"]
    assert listed(carol, q="bob@ex") == ["Robert Alvarez"]
    assert listed(carol, q="lice") == ["Alice"]
    assert listed(carol, q="ice") == []
    carol.open("/admin/people")
    page = carol.press("Search", q="ali")
    link = page.html.select_one("tbody td:first-child a")
    assert carol.open(attribute(link, "href")).title == "Alice"


def test_a_search_takes_every_character_as_itself(world: World, carol: Visitor) -> None:
    world.person("alice")
    for text in ("%", "_", "\\", "/", "a%", "' OR 1=1 --"):
        assert listed(carol, q=text) == [], text


def test_the_list_is_filtered_by_group_role_app_and_state(world: World, carol: Visitor) -> None:
    world.group("Finance")
    world.person("alice", groups_=("Finance",))
    world.person("dave")
    carol.open(page_of(world, "dave"))
    carol.press("Disable the account")
    with world.data():
        finance = str(world.group_row("Finance").id)
    assert listed(carol, group=finance) == ["Alice"]
    assert listed(carol, role="helpdesk") == ["Dave"]
    assert listed(carol, two_factor="linked") == ["Carol"]
    assert listed(carol, two_factor="unlinked", state="active") == ["Alice"]
    assert listed(carol, state="disabled") == ["Dave"]


def test_the_card_still_to_link_opens_the_list_of_those_it_counts(world: World, carol: Visitor) -> None:
    world.group("Finance", required=True)
    world.group("Sales", required=True, grace_days=7)
    world.people("alice", "bob", groups_=("Finance",))
    world.person("erin", groups_=("Sales",))
    world.person("frank")
    world.people("gina", "hugo", "iris", groups_=("Finance",))
    with world.data():
        disable(world, "gina")
        world.user("hugo").account_locked_at = world.user("iris").ends_at = world.clock()
    carol.open("/admin")
    card = next(card for card in carol.page.html.select(".stats a") if "Still to link" in card.get_text())
    assert "3" in card.get_text()
    page = carol.open(attribute(card, "href"))
    assert [link.get_text() for link in page.html.select("tbody td:first-child a")] == [
        "Alice",
        "Bob",
        "Erin",
    ]
    assert "3 people" in page.text
    assert listed(carol, two_factor="link-later") == ["Erin"]
    assert listed(carol, two_factor="link-now", state="active", q="bob") == ["Bob"]
    assert listed(carol, two_factor="not-required") == ["Frank"]
    assert listed(carol, two_factor="on") == ["Carol"]


def test_the_list_is_put_in_the_order_that_is_chosen(world: World, carol: Visitor) -> None:
    world.people("alice", "bob")
    world.rename("alice", "Zoe")
    assert listed(carol, sort="name") == ["Bob", "Carol", "Zoe"]
    assert listed(carol, sort="login") == ["Zoe", "Bob", "Carol"]
    assert listed(carol, sort="added")[-1] == "Carol"
    carol.open("/admin/people?sort=name")
    assert carol.page.html.select_one("select[name=sort] option[selected][value=name]")
    assert "Show all" not in carol.page.text


def test_the_list_shows_and_finds_who_has_a_passkey(world: World, carol: Visitor) -> None:
    world.group("Finance")
    world.linked_earlier("alice", groups_=("Finance",))
    add_passkey(world.at_work("bob", groups_=("Finance",)), Authenticator())
    with world.data():
        finance = str(world.group_row("Finance").id)
    assert listed(carol, two_factor="passkey") == ["Bob"]
    assert listed(carol, two_factor="passkey", group=finance) == ["Bob"]
    assert listed(carol, two_factor="linked") == ["Alice", "Bob", "Carol"]
    row = carol.open("/admin/people?q=bob").html.select_one("tbody tr")
    assert row and "Passkey" in row.get_text()


def test_the_list_says_where_people_stand_and_tells_two_of_one_name_apart(
    world: World, carol: Visitor
) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    world.person("bob")
    world.rename("bob", "Alice")
    with world.data():
        world.user("bob").directory_number = "4711"
    rows = carol.open("/admin/people?q=alice").html.select("tbody tr")
    assert [cells[2].get_text(strip=True) for row in rows if (cells := row.select("td[data-label]"))] == [
        "Must link now",
        "Not required",
    ]
    assert [("Finance" in row.get_text(), "4711" in row.get_text()) for row in rows] == [
        (True, False),
        (False, True),
    ]


def test_more_than_fifty_people_come_page_by_page(world: World, carol: Visitor) -> None:
    names = [f"p{number:03}" for number in range(59)]
    world.people(*names, password=None)
    shown, page = [], carol.open("/admin/people")
    while True:
        shown.append([link.get_text() for link in page.html.select("tbody td:first-child a")])
        following = page.html.find("a", rel="next")
        if following is None:
            break
        page = carol.open(following["href"])
    assert [len(names) for names in shown] == [50, 10]
    everybody = [name for page in shown for name in page]
    assert everybody == ["Carol", *(name.capitalize() for name in names)]


def test_the_way_back_through_the_pages_shows_the_same_people(world: World, carol: Visitor) -> None:
    world.people(*(f"p{number:03}" for number in range(59)), password=None)
    first = listed(carol, q="p0")
    carol.open(carol.page.html.find("a", rel="next")["href"])
    assert "P058" in carol.page.text
    back = carol.open(carol.page.html.find("a", rel="prev")["href"])
    assert [link.get_text() for link in back.html.select("tbody td:first-child a")] == first
    assert back.html.find("a", rel="prev") is None


def test_a_filter_that_does_not_exist_gets_a_sentence(carol: Visitor) -> None:
    for query in ("group=x", "group=999", "role=root", "two_factor=maybe", f"q={'a' * 321}"):
        page = carol.open(f"/admin/people?{query}")
        assert page.status == 400, query
        assert page.html.select(".field-error"), query


def test_a_new_person_gets_an_invitation_and_chooses_a_password(world: World, carol: Visitor) -> None:
    world.group("Finance")
    carol.open("/admin/people/new")
    with world.data():
        finance = world.group_row("Finance").id
    page = carol.press("Add the person", name="Frank", email="frank@firma.local", groups=[finance])
    assert page.title == "Link for Frank"
    assert world.mails("frank@firma.local") == ["invitation"]
    frank = world.visitor()
    frank.open(world.link_in_last_mail())
    frank.press("Save password", password="eight loud drums in the attic")
    assert world.details("person.created") == {"role": "staff", "groups": ["Finance"]}


def test_another_person_is_added_with_the_same_groups_and_role(world: World, carol: Visitor) -> None:
    world.group("Finance")
    carol.open("/admin/people/new")
    with world.data():
        finance = world.group_row("Finance").id
    more = "Add and add another"
    page = carol.press(more, name="Frank", email="frank@firma.local", role="helpdesk", groups=[finance])
    assert "Account created for Frank." in page.text
    page = carol.follow("Add another person")
    assert (page.path, page.value("name"), page.value("email")) == ("/admin/people/new", "", "")
    field = page.html.select_one("input[name=name]")
    assert field and field.has_attr("autofocus")
    assert carol.press("Add the person", name="Grace", email="grace@firma.local").title == "Link for Grace"
    assert world.details("person.created") == {"role": "helpdesk", "groups": ["Finance"]}


def test_made_up_beginnings_of_the_form_choose_nothing(carol: Visitor) -> None:
    for query in ("?role=king", "?groups=9999", "?groups=x&role="):
        assert carol.open(f"/admin/people/new{query}").status == 200, query


def test_what_was_typed_stays_beside_the_sentence(carol: Visitor) -> None:
    carol.open("/admin/people/new")
    for fields, complaint in (
        ({"email": "frank"}, "Enter an email address like name@company.com."),
        ({"email": "CAROL@example.com"}, "There is already an account"),
        ({"email": " "}, "Enter an email address."),
        ({"name": "  "}, "Enter a name."),
        ({"name": "x" * 301}, "Use at most 300 characters for a name."),
    ):
        page = carol.press("Add the person", **{"name": "Frank", "email": "frank@example.com", **fields})
        assert page.status == 400, complaint
        assert complaint in page.text
        assert page.value("name") == " ".join(fields.get("name", "Frank").split())


def test_fields_that_the_form_does_not_have_change_nothing(world: World, carol: Visitor) -> None:
    carol.open("/admin/people/new")
    more = {
        "password": "nine green boats on the lake",
        "password_hash": "x",
        "security_stamp": "9",
        "id": "77",
    }
    carol.post("/admin/people/new", name="Frank", email="frank@example.com", role="staff", **more)
    with world.data():
        frank = world.user("frank")
        assert (frank.password_hash, frank.security_stamp) == (None, 0)
        assert frank.id != 77


def test_a_role_that_does_not_exist_is_refused(world: World, carol: Visitor) -> None:
    carol.open("/admin/people/new")
    page = carol.post("/admin/people/new", name="Frank", email="frank@example.com", role="root")
    assert page.status == 400
    assert world.count(User) == 1


def test_a_name_is_text_wherever_it_stands(world: World, carol: Visitor) -> None:
    world.person("alice")
    world.rename("alice", PROBE)
    for path in ("/admin/people", *(page_of(world, "alice", more) for more in ("edit", "reset", "policy"))):
        page = carol.open(path)
        assert PROBE in page.html.get_text() or PROBE in page.value("name")
        assert not [tag for tag in page.html.find_all("b") if "Mallory" in tag.get_text()]


@both_databases
def test_a_name_that_grows_when_it_is_folded_is_taken(world: World, carol: Visitor) -> None:
    carol.open("/admin/people/new")
    page = carol.press("Add the person", name="ﷺ" * 300, email="frank@example.com")
    assert page.status == 200
    assert world.count(User) == 2


def test_edit_puts_a_person_into_groups_and_out_of_them(world: World, carol: Visitor) -> None:
    world.group("Finance")
    world.group("Sales")
    world.person("alice", groups_=("Finance",))
    with world.data():
        sales = world.group_row("Sales").id
    carol.open(page_of(world, "alice", "edit"))
    page = carol.press("Save", groups=[sales], name="Alice Liddell")
    assert page.title == "Alice Liddell"
    assert "Sales" in page.text
    assert "Finance" not in page.html.dl.get_text()
    assert {"group.member_added", "group.member_removed", "person.edited"} <= set(world.events("alice"))


def test_a_new_address_is_told_to_the_old_one_and_ends_all_access(world: World, carol: Visitor) -> None:
    world.person("alice")
    alice = world.log_in_and_wait("alice")
    carol.open(page_of(world, "alice", "edit"))
    carol.press("Save", email="alice.liddell@example.com")
    assert world.mails("alice") == ["address_changed"]
    assert "alice.liddell@example.com" in world.last_mail()
    assert alice.open("/").path == "/login"


def test_nobody_changes_the_own_role(world: World, carol: Visitor) -> None:
    world.linked_earlier("cate", role="admin")
    page = carol.open(page_of(world, "carol", "edit"))
    assert page.html.find(attrs={"name": "role"}) is None
    carol.post(page_of(world, "carol", "edit"), name="Carol", email="carol@example.com", role="staff")
    with world.data():
        assert world.user("carol").role == "admin"
    assert carol.open("/admin/people").status == 200


def test_nobody_acts_on_the_own_account(world: World, carol: Visitor) -> None:
    page = carol.open(page_of(world, "carol"))
    assert "This is your own account." in page.text
    assert "Reset 2-factor authentication" not in page.text
    for action in ("disable", "enable", "invite", "end-access", "reset", "policy"):
        assert carol.post(page_of(world, "carol", action)).status == 403, action
        assert world.details("access.refused") == {"page": page_of(world, "carol", action)}


def test_a_disabled_person_is_out_until_enabled_again(world: World, carol: Visitor) -> None:
    world.person("alice")
    alice = world.log_in_and_wait("alice")
    carol.open(page_of(world, "alice"))
    page = carol.press("Disable the account")
    assert "Account disabled for Alice. All access has ended." in page.text
    assert "Alice can't log in: the account is disabled." in page.text
    assert alice.open("/account").path == "/login"
    assert "Your session has ended. Log in again." in alice.page.text
    carol.press("Enable the account")
    assert world.log_in_and_wait("alice").page.path == "/"


def test_end_all_access_ends_sessions_and_devices_and_nothing_else(world: World, carol: Visitor) -> None:
    world.require(None)
    for name in ("alice", "bob"):
        world.linked_earlier(name)
        world.log_in_and_wait(name, remember=True)
    world.password_given("alice", world.visitor()).press("Log in", code=world.phones["alice"].wrong_code())
    carol.open(page_of(world, "alice"))
    done = changes(world.app, lambda: carol.press("End all access"))
    assert "Alice is logged out everywhere" in carol.page.text
    assert done == {
        "auth_session": ["deleted", "deleted"],
        "remembered_device": ["deleted"],
        "user_account": ["security_stamp", "access_ended_at", "access_ended_because", "access_ended_by"],
        "site_policy": ["revision"],  # the lock of administration
        "audit_event": ["added", "added"],
        "trail_head": ["last", "mac"],
    }
    assert world.count(AuthSession, AuthSession.user_id == world.id_of("alice")) == 0
    assert world.count(RememberedDevice, RememberedDevice.user_id == world.id_of("alice")) == 0
    assert world.events("alice")[-2:] == ["sessions.ended", "devices.forgotten"]


def test_an_invitation_can_be_sent_again(world: World, carol: Visitor) -> None:
    world.person("frank", password=None)
    carol.open(page_of(world, "frank"))
    carol.press("Make a link")
    assert world.mails("frank") == ["invitation"]
    assert "person.invited" in world.events("frank")


def test_a_person_who_does_not_exist_is_not_found(carol: Visitor) -> None:
    for path in ("/admin/people/4711", "/admin/people/4711/edit", "/admin/people/4711/reset"):
        assert carol.open(path).status == 404
    assert carol.open("/admin/people/99999999999999999999").status == 404
    assert carol.open("/admin/people/alice").status == 404


def test_staff_is_refused_and_the_trail_says_so(world: World) -> None:
    world.linked_earlier("alice")
    alice = world.log_in_and_wait("alice")
    for path in ("/admin/people", "/admin/people/new", "/admin/people/1", "/admin/people/1/edit"):
        assert alice.open(path).status == 403, path
        assert world.details("access.refused") == {"page": path}


def test_a_code_of_twenty_one_minutes_ago_is_asked_for_again(world: World, carol: Visitor) -> None:
    world.person("alice")
    for action in ("", "edit", "reset", "policy"):
        world.clock.advance(minutes=21)
        path = page_of(world, "alice", action).rstrip("/")
        assert carol.open(path).path == "/login/again", action
        assert carol.press("Confirm", code=world.phones["carol"].code()).path == path


def test_a_code_of_twenty_minutes_ago_is_asked_for_again_and_the_page_opens(
    world: World, carol: Visitor
) -> None:
    world.clock.advance(minutes=19, seconds=29)
    assert carol.open("/admin/people/new").title == "Add a person"
    world.clock.advance(seconds=1)
    assert carol.open("/admin/people/new").title == "Confirm it's you"
    assert carol.press("Confirm", code=world.phones["carol"].code()).title == "Add a person"


def test_a_post_with_a_stale_code_changes_nothing(world: World, carol: Visitor) -> None:
    world.person("alice")
    carol.open(page_of(world, "alice"))
    world.clock.advance(minutes=21)
    page = carol.press("Disable the account")
    assert page.path == "/login/again"
    assert "person.disabled" not in world.events()


def test_the_list_costs_the_same_whatever_its_length(world: World, carol: Visitor) -> None:
    world.group("Finance")
    short = cost(world, carol, "/admin/people")
    world.people(*(f"p{number:03}" for number in range(20)), groups_=("Finance",), password=None)
    assert cost(world, carol, "/admin/people") == short
    assert len(short) <= 9  # who asks, last import, groups to choose, how many, who, rows, groups, standing


def test_an_address_that_takes_no_mail_is_told_on_the_list_and_at_the_person(
    world: World, carol: Visitor
) -> None:
    world.person("alice")
    assert "Emails refused" not in carol.open("/admin/people").text
    with world.data():
        alice = world.user("alice")
        alice.email_refused_at, alice.email_refusal = world.clock(), "550 5.1.1 <b>no such user</b>"
    assert "Emails refused" in carol.open("/admin/people").text
    page = carol.open(f"/admin/people/{world.id_of('alice')}")
    answer = "the mail server answered “550 5.1.1 <b>no such user</b>”. Check the email address."
    assert f"On 2 Mar 2026, 09:01 UTC {answer}" in page.text


def test_an_invitation_that_would_not_work_is_not_mailed(world: World, carol: Visitor) -> None:
    world.person("alice")
    world.person("dora", password=None)
    carol.open(f"/admin/people/{world.id_of('dora')}")
    with world.data():
        world.user("dora").disabled_at = world.clock()
    page = carol.press("Make a link")
    assert "Enable the account or open it first." in page.text
    page = carol.post(f"/admin/people/{world.id_of('alice')}/invite", follow=True)
    assert "This person has already chosen a password." in page.text
    assert world.mails("dora") == world.mails("alice") == []


def test_an_address_that_can_be_taken_for_another_is_warned_of(world: World, carol: Visitor) -> None:
    carol.open("/admin/people/new")
    page = carol.press("Add the person", name="Alice", email="\u0430lice@example.com", role="staff")
    assert "look like ordinary ones but are others: \u0430 (Cyrillic)" in page.text
    world.person("bob")
    bob = world.id_of("bob")
    carol.open(f"/admin/people/{bob}/edit")
    page = carol.press("Save", email="b\u043eb@example.com")
    assert "\u043e (Cyrillic)" in page.text
    carol.open(f"/admin/people/{bob}/edit")
    assert "Cyrillic" not in carol.press("Save", name="Robert").text


def test_of_the_own_account_an_administrator_changes_only_the_groups(world: World, carol: Visitor) -> None:
    world.group("Sales")
    page = carol.open(page_of(world, "carol", "edit"))
    assert "Only another administrator can change your name, email address or role." in page.text
    assert not any(page.html.main.find(attrs={"name": name}) for name in ("name", "email", "role"))
    carol.press("Save", groups=["1"])
    assert "Changes saved." in carol.page.text
    fields = {"name": "Karla", "email": "karla@example.com", "role": "staff"}
    carol.post(page_of(world, "carol", "edit"), **fields)
    assert world.events().count("person.edited") == 0
    with world.data():
        assert world.user("carol").name == "Carol"


def test_ticked_people_join_a_group_together_after_a_page_that_names_them(
    world: World, carol: Visitor
) -> None:
    world.group("Finance")
    world.people("alice", "bob", "dave")
    with world.data():
        finance = str(world.group_row("Finance").id)
    ticked = [str(world.id_of(name)) for name in ("alice", "bob")]
    carol.open("/admin/people")
    page = carol.press("Add to the group…", people=ticked, group=finance)
    assert page.title == "Add 2 people to Finance?"
    assert "alice@example.com" in page.text and "dave@example.com" not in page.text
    assert listed(carol, group=finance) == []
    carol.open("/admin/people")
    carol.press("Add to the group…", people=ticked, group=finance)
    assert "2 people added to Finance." in carol.press("Add them").text
    assert listed(carol, group=finance) == ["Alice", "Bob"]


def test_before_many_join_or_leave_a_group_a_page_says_what_each_will_notice(
    world: World, carol: Visitor
) -> None:
    world.group("Finance", required=True, grace_days=7)
    world.people("alice", "bob", "dave")
    world.linked("erin")
    with world.data():
        finance = str(world.group_row("Finance").id)
        disable(world, "bob")
    ticked = [str(world.id_of(name)) for name in ("alice", "bob", "erin")]
    ask = "/admin/people/chosen"
    page = carol.open(ask, query_string={"act": "join", "people": ticked, "group": finance})
    assert "Alice must link an app or add a passkey by 9 March 2026" in page.text
    assert "Erin is asked for a code as before: required by group Finance." in page.text
    assert "Bob must" not in page.text
    carol.press("Add them")
    page = carol.open(ask, query_string={"act": "leave", "people": ticked, "group": finance})
    assert "Alice will no longer have to link an app or add a passkey by 9 March 2026" in page.text
    assert "Erin is asked for a code as before: 2-factor authentication was set up by choice." in page.text
    page = carol.open(ask, query_string={"act": "disable", "people": ticked})
    assert "will no longer" not in page.text


def test_who_is_left_out_of_a_change_is_named_before_and_after_it(world: World, carol: Visitor) -> None:
    world.person("alice")
    carol.open("/admin/people")
    ticked = [str(world.id_of(name)) for name in ("alice", "carol")]
    page = carol.press("Disable…", people=ticked)
    assert page.title == "Disable 1 account?"
    own = "Left out, because nobody can do this to their own account: Carol"
    assert own in page.text
    page = carol.press("Disable the accounts")
    assert "1 account disabled." in page.text and own in page.text
    assert listed(carol, state="disabled") == ["Alice"]
    carol.open("/admin/people")
    page = carol.press("Disable…", people=ticked)
    assert page.title == "Nobody is left to do this to"


LACKING = (
    ({"act": "invite"}, "Tick the people first."),
    ({"act": "invite", "people": "x"}, "Tick the people first."),
    ({"act": "invite", "people": 2**40}, "Choose an option from the list."),
    ({"act": "invite", "people": list(range(1, 52))}, "Choose at most 50 people at once."),
    ({"act": "join", "people": 1}, "Choose the group first."),
    ({"act": "join", "people": 1, "group": 99}, "Choose an option from the list."),
    ({"act": "promote", "people": 1}, "Choose an option from the list."),
)


def test_a_change_that_lacks_something_says_so_on_the_list(carol: Visitor) -> None:
    for asked, answer in LACKING:
        page = carol.open("/admin/people/chosen", query_string=asked)
        assert page.title == "People" and answer in page.text, asked


def test_after_a_change_the_list_shows_the_same_people(world: World, carol: Visitor) -> None:
    world.people("alice", "bob")
    carol.open("/admin/people?q=alice&state=active")
    page = carol.press("Disable…", people=str(world.id_of("alice")))
    assert page.html.select_one('a[href="/admin/people?q=alice&state=active"]')
    carol.press("Disable the accounts")
    assert carol.current.response.request.full_path == "/admin/people?q=alice&state=active"
    asked = {"act": "disable", "people": world.id_of("bob"), "back": "\r\nX: y&_scheme=evil&q=é"}
    carol.open("/admin/people/chosen", query_string=asked)
    carol.press("Disable the accounts")
    assert carol.current.path == "/admin/people"


def test_the_help_desk_has_nothing_to_tick(world: World) -> None:
    dave = world.at_work("dave")
    world.person("alice")
    assert not dave.open("/admin/people").html.select("[name=people]")
