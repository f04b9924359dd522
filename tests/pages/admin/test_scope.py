"""A help desk with a scope: dave sees and helps Finance and IT. All others don't exist for him."""

import re
from datetime import timedelta

import pytest

from mfa_app.core.common.errors import OutOfScope
from mfa_app.core.common.tokens import digest
from mfa_app.core.helpdesk import access_passes, opening, scopes
from mfa_app.core.helpdesk.removal import remove_factor
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.extensions import db
from mfa_app.models import Authenticator, HelpRequest
from mfa_app.models.column_types import new_id
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.refusals.administration import failed_mail
from tests.support.routes import address, rules
from tests.support.statements import statements
from tests.support.world import CALLED_BACK, TERMINAL, VISITOR, World

REASON = "Phone lost, called back on 4711"
OUTSIDE = ("bob", "frank", "carol", "dora", "dave")  # in no group, of Sales, administrator, equal, himself
MENU = ("group", "role", "two_factor", "state", "sort")


def dave_of_finance_and_it(world: World) -> Visitor:
    """Return the browser of dave, who helps Finance and IT, where there are people whom he never sees."""
    for name in ("Finance", "IT", "Sales"):
        world.group(name)
    world.linked_earlier("alice", groups_=("Finance", "Sales"))
    world.person("anna", groups_=("IT", "Finance"))
    world.linked_earlier("bob")
    world.person("frank", groups_=("Sales",))
    world.person("carol", groups_=("Finance",))
    world.person("dora", role="helpdesk", groups_=("Finance",))
    world.linked_earlier("dave", groups_=("Finance",))
    limit(world, "Finance", "IT")
    return world.log_in_and_wait("dave")


@pytest.fixture
def dave(world: World) -> Visitor:
    return world.after(dave_of_finance_and_it)


def limit(world: World, *names: str) -> None:
    """Give dave these groups."""
    with world.data():
        scopes.limit(world.user("dave"), [world.group_row(name) for name in names], actor=TERMINAL)


def group_id(world: World, name: str) -> int:
    with world.data():
        return world.group_row(name).id


def names_on(page: Page) -> list[str]:
    return [link.get_text() for link in page.html.select("tbody td:first-child a")]


def answer(page: Page) -> tuple[int, str]:
    """Return what a page says, without the number of a person in an address."""
    return page.status, re.sub(r"/people/\d+", "/people/N", str(page.html))


def test_the_list_has_the_people_of_the_groups_and_says_which_they_are(world: World, dave: Visitor) -> None:
    page = dave.open("/admin/people")
    assert names_on(page) == ["Alice", "Anna"]
    assert "You help Finance and IT." in page.text and "2 people" in page.text
    assert [option.get_text() for option in page.html.select("#group option")] == ["Any", "Finance", "IT"]
    limit(world, "IT")
    page = dave.open("/admin/people")
    assert names_on(page) == ["Anna"]
    assert "You help IT." in page.text and "1 person" in page.text


@both_databases
def test_every_address_about_somebody_outside_answers_as_if_there_were_nobody(
    world: World, dave: Visitor
) -> None:
    ids = {name: world.id_of(name) for name in (*OUTSIDE, "alice")}
    about_people = [rule for rule in rules(world.app) if "<row:user_id>" in rule.rule]
    opened = {rule.endpoint for rule in about_people}
    assert {"admin.user", "admin.reset_user", "admin.remove_user_factor", "admin.open_account"} <= opened
    reached = set()
    dave.open("/admin/people")
    for rule in about_people:
        path = re.sub(r"<random:\w+>", "0" * 32, re.sub(r"<row:group_id>", "1", rule.rule))
        for method in sorted({"GET", "POST"} & (rule.methods or set())):
            asked = {
                name: ask(dave, method, path.replace("<row:user_id>", str(id_)))
                for name, id_ in {**ids, "nobody": 999_999}.items()
            }
            for name in OUTSIDE:
                assert answer(asked[name]) == answer(asked["nobody"]), (rule.endpoint, method, name)
            assert asked["nobody"].status in (403, 404), (rule.endpoint, method)
            if asked["alice"].status != asked["nobody"].status:
                reached.add(rule.endpoint)
    changes = {
        "access_pass",
        "reset_user",
        "approval",
        "open_account",
        "remove_user_factor",
        "let_try_again",
        "invite_user",
        "end_access",
    }
    assert reached == {"admin.user", "admin.timeline", *(f"admin.{change}" for change in changes)}
    assert world.count(Authenticator) == 2  # that of alice was reset


def ask(visitor: Visitor, method: str, path: str) -> Page:
    """Ask for a page with the form token of the page at hand, which stays at hand."""
    if method == "POST":
        page = visitor.post(path, checked="called back", reason=REASON)
    else:
        page = visitor.copy().open(path)
    if page.status < 400:
        visitor.open("/admin/people")  # what it was told about the change stands on no later answer
    return page


def test_somebody_outside_costs_what_nobody_costs(world: World, dave: Visitor) -> None:
    sent = {}
    for name, id_ in {"bob": world.id_of("bob"), "nobody": 999_999}.items():
        dave.open("/admin/people")
        with statements(world) as sent[name]:
            assert dave.open(f"/admin/people/{id_}").status == 404
    assert sent["bob"] == sent["nobody"]


@both_databases
def test_no_search_filter_or_order_finds_anybody_outside(world: World, dave: Visitor) -> None:
    page = dave.open("/admin/people")
    queries = [
        f"{name}={option['value']}"
        for name in MENU
        for option in page.html.select(f"select[name={name}] option")
    ]
    queries += [f"group={group_id(world, 'Finance')}&two_factor=linked", "state=active&sort=login"]
    for query in queries:
        page = dave.open(f"/admin/people?{query}")
        assert page.status == 200, query
        shown = names_on(page)
        assert set(shown) <= {"Alice", "Anna"}, query
        if shown:
            total = "1 person " if len(shown) == 1 else f"{len(shown)} people "
            assert total in page.text, query
    for before in ("z", "0", "Z_999999999"):
        assert set(names_on(dave.open(f"/admin/people?before={before}"))) <= {"Alice", "Anna"}
        assert set(names_on(dave.open(f"/admin/people?after={before}"))) <= {"Alice", "Anna"}
    assert dave.open(f"/admin/people?group={group_id(world, 'Sales')}").status == 400


@both_databases
def test_no_list_that_he_opens_names_anybody_outside(world: World, dave: Visitor) -> None:
    """Attack 116: on any page that is about nobody alone, with a request and an email of each."""
    everyone = ("alice", "anna", *OUTSIDE)
    for number, name in enumerate(everyone):
        with world.data():
            waits(world, name, f"00000{number}")
            failed_mail(world, name)
    opened, named = set(), set()
    for rule in rules(world.app):
        if rule.endpoint.startswith("admin.") and "GET" in (rule.methods or ()) and not rule.arguments:
            page = dave.open(address(rule))
            if page.status == 200:
                opened.add(rule.endpoint)
                named |= {(rule.endpoint, name) for name in everyone if f"{name}@example.com" in page.text}
    assert {"admin.user_list", "admin.help_requests", "admin.failed_mails"} <= opened
    assert named == {(endpoint, name) for endpoint in opened for name in ("alice", "anna")}


@both_databases
def test_the_number_of_somebody_outside_is_as_if_there_were_none(world: World, dave: Visitor) -> None:
    """Attack 116: whether a request is open is told of those inside alone."""
    with world.data():
        waits(world, "alice", "111111")
        for number, name in enumerate(OUTSIDE):
            waits(world, name, f"22222{number}")
    answers = set()
    for number in ("999999", *(f"22222{number}" for number in range(len(OUTSIDE)))):
        dave.open("/admin/requests")
        page = dave.press("Open the request", number=number)
        answers.add((page.status, page.path, page.text))
    assert len(answers) == 1
    assert "No open request has this number." in answers.pop()[2]
    dave.open("/admin/requests")
    page = dave.press("Open the request", number="111111")
    assert page.path == f"/admin/people/{world.id_of('alice')}/reset"


def waits(world: World, name: str, number: str) -> None:
    """Let somebody wait for a reset, with a number."""
    db.session.add(
        HelpRequest(
            id=new_id(),
            user_id=world.user(name).id,
            digest=digest(number),
            number=number,
            reason="lost",
            ip_address="203.0.113.9",
            user_agent="",
            created_at=world.clock(),
            expires_at=world.clock() + timedelta(hours=1),
        )
    )


def test_what_is_typed_of_somebody_outside_finds_what_an_unknown_one_finds(
    world: World, dave: Visitor
) -> None:
    ways = [(name, (f"{name}@example.com", name.capitalize(), name[:3])) for name in OUTSIDE]
    for name, typed in ((name, typed) for name, words in ways for typed in words):
        unknown = typed.lower().replace(name[:3], "zzz")
        answers = [
            str(dave.open(f"/admin/people?q={word}").html.main).replace(word, "WORD")
            for word in (typed, unknown)
        ]
        assert answers[0] == answers[1], typed


def test_the_address_of_somebody_outside_hides_nobody_inside(world: World, dave: Visitor) -> None:
    """Else a list that is empty would tell that there is an account of exactly this address."""
    world.person("ann")
    assert names_on(dave.open("/admin/people?q=ann@example.com")) == ["Anna"]


def test_he_helps_those_inside(world: World, dave: Visitor) -> None:
    dave.open(f"/admin/people/{world.id_of('alice')}/reset")
    assert dave.press("Reset 2-factor authentication", checked="called back", reason=REASON).status == 200
    assert world.details("second_factor.reset") == {
        "reason": REASON,
        "was_linked": True,
        "checked": "called back",
        "note": None,
        "asked_by": None,
        "approval": None,
    }


def test_a_scope_that_is_taken_away_while_the_form_is_open_ends_it(world: World, dave: Visitor) -> None:
    dave.open(f"/admin/people/{world.id_of('alice')}/reset")
    limit(world, "IT")
    page = dave.press("Reset 2-factor authentication", checked="called back", reason=REASON)
    assert (page.status, page.title) == (404, "Page not found")
    assert world.count(Authenticator) == 3


def test_a_scope_that_is_taken_away_within_the_request_ends_it_too(world: World, dave: Visitor) -> None:
    """The verbs read it again after the lock, by whatever the actor was when the request began."""
    for before in (["Finance", "IT"], None):
        with world.data():
            given = None if before is None else [world.group_row(name) for name in before]
            scopes.limit(world.user("dave"), given, actor=TERMINAL)
        with world.data():
            actor = as_user(VISITOR, world.user("dave"))
        limit(world, "IT")
        with world.data():
            alice, now = world.user("alice"), world.clock()
            with pytest.raises(OutOfScope):
                reset_second_factor(alice, reason=REASON, checked=CALLED_BACK, actor=actor, now=now)
            with pytest.raises(OutOfScope):
                remove_factor(alice, "x", reason=REASON, checked=CALLED_BACK, actor=actor, now=now)
            with pytest.raises(OutOfScope):
                opening.open_again(alice, reason=REASON, checked=CALLED_BACK, actor=actor, now=now)
            with pytest.raises(OutOfScope):
                access_passes.make(
                    alice, lifetime=access_passes.USUAL, checked=CALLED_BACK, actor=actor, now=now
                )
    assert world.count(Authenticator) == 3


def test_the_last_group_deleted_leaves_nobody_and_not_everyone(world: World, dave: Visitor) -> None:
    cora = world.at_work("cora", role="admin")
    for name in ("Finance", "IT"):
        path = f"/admin/groups/{group_id(world, name)}"
        cora.open(path)
        cora.submit(f"{path}/delete")
    page = dave.open("/admin/people")
    assert names_on(page) == []
    assert "You help nobody: your groups were deleted. Ask an administrator for others." in page.text
    assert dave.open(f"/admin/people/{world.id_of('alice')}").status == 404
    assert "Nobody: the groups were deleted" in cora.open(f"/admin/people/{world.id_of('dave')}").text


def test_an_administrator_gives_and_takes_groups_on_the_persons_page(world: World, dave: Visitor) -> None:
    cora = world.at_work("cora", role="admin")
    page = cora.open(f"/admin/people/{world.id_of('dave')}")
    assert "Finance, IT" in page.text
    page = cora.follow("Change whom this person helps")
    ticked = [box["value"] for box in page.html.select("input[name=groups][checked]")]
    assert ticked == [str(group_id(world, name)) for name in ("Finance", "IT")]
    page = cora.press("Save", helps="groups", groups=[])
    assert (page.status, "Tick at least one group." in page.text) == (400, True)
    page = cora.press("Save", helps="groups", groups=[str(group_id(world, "Sales"))])
    assert "Dave now helps the people of Sales only." in page.text
    assert names_on(dave.open("/admin/people")) == ["Alice", "Frank"]
    assert world.details("person.help_limited") == {
        "before": {"helps": ["Finance", "IT"]},
        "after": {"helps": ["Sales"]},
    }
    assert "Helps: Finance, IT → Sales" in page.text
    cora.follow("Change whom this person helps")
    page = cora.press("Save", helps="everyone")
    assert "Dave now helps everyone." in page.text and "Helps: Sales → everyone" in page.text
    page = dave.open("/admin/people")
    assert names_on(page) == ["Alice", "Anna", "Bob", "Frank"] and "You help" not in page.text


def test_only_the_help_desk_has_groups_to_help(world: World, dave: Visitor) -> None:
    cora = world.at_work("cora", role="admin")
    assert "Change whom this person helps" not in cora.open(f"/admin/people/{world.id_of('alice')}").text
    assert cora.open(f"/admin/people/{world.id_of('alice')}/scope").status == 404


def test_a_scope_counts_for_the_help_desk_alone(world: World, dave: Visitor) -> None:
    """As an administrator dave sees everyone; as help desk again, what he saw before."""
    with world.data():
        world.user("dave").role = "admin"
    assert "Bob" in names_on(dave.open("/admin/people"))
    with world.data():
        assert world.user("dave").help_limited
        world.user("dave").role = "helpdesk"
    assert names_on(dave.open("/admin/people")) == ["Alice", "Anna"]
