"""Every route stands in this table with its mark, so that nothing opens without somebody deciding it."""

import inspect
import re
from collections.abc import Callable

import pytest
from flask import Flask

from mfa_app.core.policy.decision import Verdict
from mfa_app.web.http.converters import Fingerprint, RandomId, RowId, Token
from mfa_app.web.security.access_rules import AccessRule, access_rule_of
from tests.support.routes import address, is_public, rules
from tests.support.world import World

MARKS = {
    "account.add_passkey": "allow, enrol, add passkey, recent",
    "account.end_session": "allow, recent",
    "account.end_sessions": "allow, recent",
    "account.forget_device": "allow, recent",
    "account.forget_devices": "allow, recent",
    "account.home": "allow",
    "account.lock_account": "allow",
    "account.new_passkey_question": "allow, enrol, add passkey, recent",
    "account.opt_in": "allow, recent",
    "account.overview": "allow",
    "account.password": "allow, recent",
    "account.recovered": "allow",
    "account.recovery_code_set": "allow, recent",
    "account.remove_app": "allow, recent",
    "account.remove_passkey": "allow, recent",
    "account.rename_app": "allow, recent",
    "account.rename_passkey": "allow, recent",
    "admin.add_member": "manage_groups",
    "admin.break_glass": "break_glass",
    "admin.change_logo": "manage_site",
    "admin.change_look": "manage_site",
    "admin.change_resets": "manage_site",
    "admin.change_mail_server": "manage_site",
    "admin.change_texts": "manage_site",
    "admin.chosen_people": "manage_users",
    "admin.delete_group": "manage_groups",
    "admin.disable_user": "manage_users",
    "admin.edit_user": "manage_users",
    "admin.enable_user": "manage_users",
    "admin.end_access": "end_access",
    "admin.end_deadline": "manage_policy",
    "admin.end_exemption": "manage_policy",
    "admin.group": "manage_groups",
    "admin.group_policy": "manage_policy",
    "admin.group_list": "manage_groups",
    "admin.invitations": "manage_users",
    "admin.invite_user": "invite_again",
    "admin.let_network_try_again": "manage_users",
    "admin.let_try_again": "let_try_again",
    "admin.new_group": "manage_groups",
    "admin.note_backups": "manage_site",
    "admin.open_account": "open_account",
    "admin.new_user": "manage_users",
    "admin.overview": "manage_policy",
    "admin.put_first_steps_away": "manage_site",
    "admin.failed_mails": "see_users",
    "admin.try_mail_again": "invite_again",
    "admin.try_mails_again": "manage_site",
    "admin.send_test_mail": "manage_site",
    "admin.site": "manage_site",
    "admin.user_list": "see_users",
    "admin.user": "see_users",
    "admin.set_deadline": "manage_policy",
    "admin.timeline": "see_users",
    "admin.user_policy": "manage_policy",
    "admin.group_policy_people": "manage_policy",
    "admin.group_policy_people_csv": "manage_policy",
    "admin.preview_group_policy": "manage_policy",
    "admin.preview_site_policy": "manage_policy",
    "admin.send_app_link": "manage_users",
    "admin.site_policy": "manage_policy",
    "admin.site_policy_people": "manage_policy",
    "admin.site_policy_people_csv": "manage_policy",
    "admin.release_user": "manage_policy",
    "admin.exemptions": "manage_policy",
    "admin.exemptions_csv": "manage_policy",
    "admin.rollout": "manage_policy",
    "admin.rollout_csv": "manage_policy",
    "admin.group_rollout": "manage_policy",
    "admin.group_rollout_csv": "manage_policy",
    "admin.people_csv": "manage_users",
    "admin.people_import": "manage_users",
    "admin.access_pass": "reset_second_factor",
    "admin.help_requests": "reset_second_factor",
    "admin.help_scope": "manage_users",
    "admin.import_people": "manage_users",
    "admin.import_template": "manage_users",
    "admin.import_result": "manage_users",
    "admin.save_import": "manage_users",
    "admin.check_import": "manage_users",
    "admin.drop_import": "manage_users",
    "admin.remind_everyone": "manage_users",
    "admin.remind_group": "manage_users",
    "admin.remind_user": "manage_users",
    "admin.remove_logo": "manage_site",
    "admin.remove_member": "manage_groups",
    "admin.remove_user_factor": "reset_second_factor",
    "admin.rename_group": "manage_groups",
    "admin.require_of_user": "manage_policy",
    "admin.reset_user": "reset_second_factor",
    "admin.approval": "reset_second_factor",
    "admin.blocked_sign_ins": "manage_users",
    "admin.trail": "read_trail",
    "admin.trail_csv": "read_trail",
    "auth.access_pass": "await link",
    "auth.account_locked": "public",
    "auth.answer_by_passkey": "allow, challenge",
    "auth.passkey_endpoints": "public",
    "auth.passkey_question": "allow, challenge",
    "auth.question_to_anyone": "public",
    "auth.reauthenticate": "allow, enrol, add passkey",
    "auth.ask_for_reset": "challenge",
    "auth.break_glass": "challenge, await link",
    "auth.choose_password": "public",
    "auth.code": "challenge",
    "auth.email_code": "await link",
    "auth.send_email_code": "await link",
    "auth.follow_link": "public",
    "auth.follow_reset": "public",
    "auth.forgotten": "public",
    "auth.lock_account": "public",
    "auth.lost_app": "public",
    "auth.link_login": "public",
    "auth.link_needed": "await link",
    "auth.login": "public",
    "auth.ask_for_new_link": "public",
    "auth.log_out_for_link": "public",
    "auth.login_by_passkey": "public",
    "auth.logout": "allow, challenge, enrol, add passkey, await link",
    "auth.recovery_code": "allow, challenge, add passkey",
    "auth.reset_stopped": "public",
    "auth.setup": "public",
    "auth.site_logo": "public",
    "auth.stop_approval": "public",
    "auth.stop_reset": "public",
    "auth.wait_for_reset": "public",
    "enrolment.authenticator": "allow, enrol, recent",
    "enrolment.replacement": "allow, recent",
    "monitoring.healthz": "monitors",
    "monitoring.metrics": "monitors",
    "monitoring.readyz": "monitors",
}
LONGEST_VIEW = 20


def told(mark: AccessRule) -> str:
    """Return a mark in the words of the table."""
    if mark.public:
        return "monitors" if mark.monitors else "public"
    if mark.permission is not None:
        return mark.permission.name.lower()
    words = [verdict.value for verdict in Verdict if verdict in mark.verdicts]
    return ", ".join(words + ["recent"] * mark.recent)


def test_every_route_has_the_mark_that_this_table_says(app: Flask) -> None:
    real = {rule.endpoint: told(access_rule_of(app.view_functions[rule.endpoint])) for rule in rules(app)}
    wrong = {name: real.get(name) for name in real.keys() | MARKS.keys() if real.get(name) != MARKS.get(name)}
    assert not wrong, (
        f"Decide who may open {sorted(wrong)}: mark the view (@public, @admits, @requires, @recent; "
        "without a mark it is open to whoever passed both gates), then write the mark into this table. "
        f"Found: {wrong}"
    )


def test_only_pages_that_nobody_can_log_in_without_are_public() -> None:
    public = {name.partition(".")[0] for name, mark in MARKS.items() if mark == "public"}
    assert public == {"auth"}


def test_two_forms_alone_take_a_file(app: Flask) -> None:
    takes = {name for name, view in app.view_functions.items() if access_rule_of(view).upload_bytes}
    assert takes == {"admin.change_logo", "admin.import_people"}


def test_addresses_are_lower_case_words_with_hyphens(app: Flask) -> None:
    plain = re.compile(r"/|(/(\.?[a-z]+(-[a-z]+)*(\.[a-z]+)?|<[a-z]+:[a-z_]+>))+")
    wrong = [rule.rule for rule in rules(app) if not plain.fullmatch(rule.rule)]
    assert not wrong, f"Write addresses as /lower-case/words without a slash at the end: {wrong}"


def test_what_stands_in_an_address_has_a_kind(app: Flask) -> None:
    wrong = [
        rule.rule
        for rule in rules(app)
        for converter in rule._converters.values()
        if type(converter) not in (RowId, RandomId, Fingerprint, Token)
    ]
    assert not wrong, f"Use <row:..>, <random:..> or <token:..>, so that no other text gets in: {wrong}"


def test_a_view_carries_the_name_of_its_endpoint(app: Flask) -> None:
    names = {rule.endpoint: app.view_functions[rule.endpoint].__name__ for rule in rules(app)}
    wrong = {endpoint: name for endpoint, name in names.items() if endpoint.rpartition(".")[2] != name}
    assert not wrong, f"Give the view the name that url_for uses, so that grep finds it: {wrong}"


def test_a_view_is_short(app: Flask) -> None:
    lengths = {rule.endpoint: lines_of(app.view_functions[rule.endpoint]) for rule in rules(app)}
    wrong = {endpoint: lines for endpoint, lines in lengths.items() if lines > LONGEST_VIEW}
    assert not wrong, f"A view is form, verb, redirect, render. Move the rest into a function: {wrong}"


def lines_of(view: Callable[..., object]) -> int:
    """Return the number of lines of a view, without its decorators."""
    return len(inspect.getsource(view).partition("def ")[2].splitlines())


def test_a_stranger_is_led_from_every_page_to_the_login(world: World) -> None:
    eve = world.visitor()
    shut = [rule for rule in rules(world.app) if "GET" in rule.methods and not is_public(world.app, rule)]
    led = {address(rule): eve.open(address(rule)).path for rule in shut}
    assert led
    assert set(led.values()) == {"/login"}, led


def test_a_stranger_can_post_to_nothing_but_public_pages(world: World) -> None:
    eve = world.visitor()
    eve.open("/login")
    shut = [rule for rule in rules(world.app) if "POST" in rule.methods and not is_public(world.app, rule)]
    led = {address(rule): eve.post(address(rule), follow=True).path for rule in shut}
    assert set(led.values()) == {"/login"}, led


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_what_changes_something_answers_to_post_alone(world: World, method: str) -> None:
    changing = [rule for rule in rules(world.app) if "GET" not in rule.methods]
    visitor = world.visitor()
    answers = {address(rule): visitor.open(address(rule), method=method).status for rule in changing}
    assert changing
    assert set(answers.values()) == {405}, answers
