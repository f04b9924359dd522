"""A remembered device skips the code, for one person in one browser, until a fixed end, and nothing else."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from itsdangerous import URLSafeSerializer
from itsdangerous.signer import HMACAlgorithm, NoneAlgorithm, SigningAlgorithm
from sqlalchemy import select, update

from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common import clock
from mfa_app.core.factors import own_factors
from mfa_app.core.groups import groups
from mfa_app.core.passwords import change
from mfa_app.core.policy import overrides, rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.users import accounts, lookup
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import Ending, RememberedDevice
from tests.support.browser import Visitor
from tests.support.changes import change_role, disable_and_enable, reset
from tests.support.devices import asked, device_cookies
from tests.support.stories import alice_remembered
from tests.support.world import PASSWORD, TERMINAL, World


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, logged out, in a browser that is remembered for her."""
    return world.after(alice_remembered)


def test_the_next_login_on_it_asks_for_no_code(world: World, alice: Visitor) -> None:
    world.password_given("alice", alice)
    assert alice.page.path == "/"
    assert world.details("login.completed") == {"method": "remembered device"}


def test_an_unticked_box_remembers_nothing(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("bob", groups_=("Finance",))
    bob = world.log_in_and_wait("bob")
    assert device_cookies(bob) == {}
    assert world.count(RememberedDevice) == 0
    bob.press("Log out")
    assert asked(world, bob, "bob")


def test_the_cookie_is_signed_and_tells_no_name(alice: Visitor) -> None:
    ((name, value),) = device_cookies(alice).items()
    assert "alice" not in name + value
    assert value.count(".") == 1


def test_the_row_knows_only_a_digest(world: World, alice: Visitor) -> None:
    (value,) = device_cookies(alice).values()
    with world.data():
        device = db.session.scalars(select(RememberedDevice)).one()
        assert len(device.digest) == 64
        assert device.digest not in value
        assert device.expires_at - device.created_at == clock.timedelta(days=30)


def test_its_end_is_fixed_and_use_does_not_move_it(world: World, alice: Visitor) -> None:
    world.clock.advance(days=29, hours=23)
    assert not asked(world, alice)
    world.clock.advance(hours=1)
    assert asked(world, alice)


def test_a_browser_that_keeps_the_cookie_for_ever_gains_nothing(world: World, alice: Visitor) -> None:
    ((name, value),) = device_cookies(alice).items()
    world.clock.advance(days=30, seconds=1)
    alice.client.set_cookie(name, value)
    assert asked(world, alice)


def test_a_clock_set_back_does_not_revive_it(world: World, alice: Visitor) -> None:
    world.clock.advance(days=-2)
    assert asked(world, alice)


def test_a_deleted_cookie_means_a_code(world: World, alice: Visitor) -> None:
    for name in device_cookies(alice):
        alice.client.delete_cookie(name)
    assert asked(world, alice)


def test_a_deleted_row_means_a_code(world: World, alice: Visitor) -> None:
    with world.data():
        db.session.delete(db.session.scalars(select(RememberedDevice)).one())
    assert asked(world, alice)


@pytest.mark.parametrize(
    "spoil", [lambda v: v[:-1], lambda v: "A" + v[1:], lambda v: v.split(".")[0], lambda v: "x" * 3000]
)
def test_a_forged_cookie_means_a_code_and_no_fuss(
    world: World, alice: Visitor, spoil: Callable[[str], str]
) -> None:
    ((name, value),) = device_cookies(alice).items()
    alice.client.set_cookie(name, spoil(value))
    assert asked(world, alice)


@pytest.mark.parametrize("algorithm", [NoneAlgorithm(), HMACAlgorithm(hashlib.sha1)])
def test_a_cookie_signed_by_another_algorithm_means_a_code(
    world: World, alice: Visitor, algorithm: SigningAlgorithm
) -> None:
    ((name, value),) = device_cookies(alice).items()
    keys = world.app.secret_key
    salt, ours = "second-gate-device-v1", {"digest_method": hashlib.sha256}
    held = URLSafeSerializer(keys, salt=salt, signer_kwargs=ours).loads(value)
    forged = URLSafeSerializer(keys, salt=salt, signer_kwargs={**ours, "algorithm": algorithm}).dumps(held)
    alice.client.set_cookie(name, forged)
    assert asked(world, alice)


def test_the_cookie_alone_opens_nothing(world: World, alice: Visitor) -> None:
    assert alice.open("/").path == "/login"


def test_two_people_on_one_browser_are_both_remembered(world: World, alice: Visitor) -> None:
    world.linked_earlier("bob", groups_=("Finance",))
    browser = world.log_in_and_wait("bob", alice, remember=True)
    browser.press("Log out")
    assert len(device_cookies(browser)) == 2
    assert [asked(world, browser, name) for name in ("alice", "bob", "alice")] == [False] * 3


def test_a_device_ends_to_the_second_wherever_it_is_looked_up(world: World, alice: Visitor) -> None:
    with world.data():
        user, began = world.user("alice"), world.clock()
        secret, device = remembered_devices.remember(user, days=1, actor=TERMINAL, now=began)
        for moment, counts in (
            (began + timedelta(seconds=86399), True),
            (began + timedelta(days=1), False),
            (began - timedelta(seconds=1), False),
        ):
            found = remembered_devices.find_valid(user, device.id, secret, now=moment)
            assert (found is not None) == counts


def test_alices_cookie_does_not_count_for_bob(world: World) -> None:
    """Bob was in Finance before her device and has her stamp, so only its owner tells them apart."""
    world.group("Finance", required=True)
    for name in ("alice", "bob"):
        world.linked_earlier(name, groups_=("Finance",))
    with world.data():
        assert world.user("alice").security_stamp == world.user("bob").security_stamp
    alice, bob = (world.log_in_and_wait(name, remember=True) for name in ("alice", "bob"))
    alice.press("Log out")
    assert asked(world, alice, "bob")
    ((_name, value),) = device_cookies(alice).items()
    bob.press("Log out")
    ((name, _value),) = device_cookies(bob).items()
    bob.client.set_cookie(name, value)
    assert asked(world, bob, "bob")


def test_remembering_again_in_one_browser_makes_no_second_row(world: World, alice: Visitor) -> None:
    world.require("Finance", remember_days=0)
    world.password_given("alice", alice)
    world.require("Finance")
    alice.post("/login/code", code=world.phones["alice"].code(), remember="y")
    assert world.count(RememberedDevice) == 1


def test_it_opens_the_account_page_to_be_read_and_changes_nothing_there(world: World, alice: Visitor) -> None:
    world.password_given("alice", alice)
    assert alice.open("/account").path == "/account"
    removal = f"{world.app_page('alice')}/remove"
    for address in ("/account/devices/forget", "/account/sessions/end", removal):
        assert alice.post(address, follow=True).path == "/login/again"
    assert alice.open("/account/password").path == "/login/again"
    alice.press("Confirm", code=world.phones["alice"].code())
    assert alice.page.path == "/account/password"


def test_it_does_not_open_administration(world: World) -> None:
    world.linked_earlier("carol")
    carol = world.log_in_and_wait("carol", remember=True)
    carol.press("Log out")
    world.password_given("carol", carol)
    assert carol.open("/admin").path == "/login/again"


def test_a_session_begun_on_it_ends_with_it(world: World, alice: Visitor) -> None:
    world.password_given("alice", alice)
    with world.data():
        db.session.delete(db.session.scalars(select(RememberedDevice)).one())
    assert alice.open("/").path == "/login/code"


def test_with_zero_days_there_is_no_box_and_no_device(world: World, alice: Visitor) -> None:
    world.require("Finance", remember_days=0)
    assert asked(world, alice)
    assert alice.page.html.find(attrs={"name": "remember"}) is None
    alice.post("/login/code", code=world.phones["alice"].code(), remember="y")
    assert world.count(RememberedDevice, RememberedDevice.created_at == world.clock()) == 0
    assert alice.open("/").path == "/"


def test_the_policys_days_count(world: World, alice: Visitor) -> None:
    world.require("Finance", remember_days=7)
    browser = world.password_given("alice")
    assert "for 7 days" in browser.page.text
    browser.press("Log in", code=world.phones["alice"].code())
    browser.press("Log out")
    world.clock.advance(days=7)
    assert asked(world, browser)


def change_password(world: World) -> None:
    change.set_from_terminal(world.user("alice"), PASSWORD, actor=TERMINAL, now=world.clock())


def change_address_and_back(world: World) -> None:
    for email in ("alicia@example.com", "alice@example.com"):
        user = lookup.find_by_email("alice@example.com") or lookup.find_by_email("alicia@example.com")
        accounts.edit(user, Profile(email, "Alice"), actor=TERMINAL, now=world.clock())


@pytest.mark.parametrize(
    "change", [change_password, disable_and_enable, change_role, change_address_and_back]
)
def test_it_ends_with_what_it_stands_for(
    world: World, alice: Visitor, change: Callable[[World], None]
) -> None:
    with world.data():
        change(world)
    assert asked(world, alice)
    assert world.count(RememberedDevice) == 0


def test_it_ends_with_a_reset_and_stays_ended_after_linking_anew(world: World, alice: Visitor) -> None:
    with world.data():
        reset(world)
    assert world.password_given("alice", alice).page.path == "/enrolment"
    world.link_and_wait("alice", alice).press("Log out")
    assert asked(world, alice)


def test_it_ends_when_a_new_phone_is_linked(world: World, alice: Visitor) -> None:
    elsewhere = world.log_in_and_wait("alice")
    world.phones["alice"] = world.phone_that_scans(elsewhere.open(world.replacement_page("alice")))
    elsewhere.press("Enable", code=world.phones["alice"].code())
    assert asked(world, alice)


def test_it_ends_when_the_app_is_removed_and_linked_again(world: World, alice: Visitor) -> None:
    world.require("Finance", False)
    with world.data():
        own_factors.delete_all(world.user("alice").id, Ending.REMOVED, now=world.clock())
    world.link_and_wait("alice")
    assert asked(world, alice)


def off_and_on(world: World) -> None:
    for required in (False, True):
        rules.set_rule(world.group_row("Finance"), RuleValues(required), actor=TERMINAL, now=world.clock())


def put_off_and_back(world: World) -> None:
    group, tomorrow = world.group_row("Finance"), world.clock() + timedelta(days=1)
    for day in (tomorrow, None):
        values = RuleValues(required=True, required_from=day)
        rules.set_rule(group, values, actor=TERMINAL, now=world.clock())


def off_and_an_own_requirement_on(world: World) -> None:
    rules.set_rule(world.group_row("Finance"), RuleValues(required=False), actor=TERMINAL, now=world.clock())
    overrides.set_requirement(world.user("alice"), True, actor=TERMINAL, now=world.clock())


def out_and_in(world: World) -> None:
    group, user = world.group_row("Finance"), world.user("alice")
    groups.remove_member(group, user, actor=TERMINAL)
    groups.add_member(group, user, actor=TERMINAL, now=world.clock())


def exempted_for_a_while(world: World) -> None:
    user, until = world.user("alice"), world.clock() + timedelta(days=1)
    overrides.exempt(user, until=until, reason="no phone", actor=TERMINAL, now=world.clock())
    overrides.end_exemption(user, actor=TERMINAL, now=world.clock())


@pytest.mark.parametrize(
    "switch",
    [
        off_and_on,
        put_off_and_back,
        off_and_an_own_requirement_on,
        out_and_in,
        exempted_for_a_while,
    ],
)
def test_it_ends_when_a_code_is_required_no_longer_and_then_again(
    world: World, alice: Visitor, switch: Callable[[World], None]
) -> None:
    with world.data():
        switch(world)
    assert asked(world, alice)
    alice.press("Log in", code=world.phones["alice"].code())
    alice.press("Log out")
    assert not asked(world, alice)


def test_it_ends_when_its_person_wants_to_be_asked_again(world: World, alice: Visitor) -> None:
    world.require("Finance", False)
    other = world.log_in_and_wait("alice")
    other.open("/account/password")
    if other.page.path != "/account/password":
        other.press("Confirm", code=world.phones["alice"].code())
    other.open("/account")
    other.press("Keep asking me for a code")
    assert asked(world, alice)


def test_it_ends_with_an_own_requirement_taken_back(world: World, alice: Visitor) -> None:
    with world.data():
        for required in (True, False):
            overrides.set_requirement(world.user("alice"), required, actor=TERMINAL, now=world.clock())
    assert asked(world, alice)


def test_it_outlives_a_change_of_the_rule_and_a_second_rule(world: World, alice: Visitor) -> None:
    world.require("Finance", remember_days=20)
    world.group("Sales", required=True)
    with world.data():
        groups.add_member(world.group_row("Sales"), world.user("alice"), actor=TERMINAL, now=world.clock())
    assert not asked(world, alice)


def test_of_whoever_is_asked_by_choice_it_outlives_rules_that_come_and_go(world: World) -> None:
    world.group("Finance")
    world.linked_earlier("bob", groups_=("Finance",))
    bob = world.log_in_and_wait("bob", remember=True)
    bob.press("Log out")
    for required in (True, False, True):
        world.require("Finance", required)
        assert not asked(world, bob, "bob")


def test_a_stamp_raised_elsewhere_ends_it(world: World, alice: Visitor) -> None:
    with world.data():
        db.session.execute(
            update(RememberedDevice).values(security_stamp=RememberedDevice.security_stamp - 1)
        )
    assert asked(world, alice)


def test_a_shared_browser_keeps_ten_people_and_drops_the_rest(world: World, alice: Visitor) -> None:
    for number in range(12):
        alice.client.set_cookie(f"device-{number:08x}", "x")
    for name in [key for key in device_cookies(alice) if not key.startswith("device-0000")]:
        alice.client.delete_cookie(name)
    world.log_in_and_wait("alice", alice, remember=True)
    assert len(device_cookies(alice)) == 10
