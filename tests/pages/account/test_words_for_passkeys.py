"""What people read who have passkeys only: no page or email speaks to them of an app alone."""

import re
from collections.abc import Iterable
from email import message_from_string, policy

import pytest
from bs4 import Tag

from mfa_app.core.mail import outbox
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.rollout import rule_mails
from tests.support.authenticator import Authenticator
from tests.support.browser import Page, Visitor, words
from tests.support.mail_contexts import CONTEXT, made_true
from tests.support.passkeys import asked_to_answer, passkey_page, send_passkey
from tests.support.world import World

APP, PASSKEY = re.compile(r"\bapps?\b", re.IGNORECASE), re.compile(r"passkey", re.IGNORECASE)
BLOCKS = ["h1", "h2", "h3", "p", "li", "dt", "dd", "td", "th", "a", "button", "label", "summary"]

# These speak of an app because one is what they offer, or what the email is about.
ABOUT_AN_APP = {
    "Link an authentication app",
    "Your authentication app is linked",
    "Your authentication app was removed",
    "You have the app, but its codes don't work",
}

# Nobody without an app opens the first. The second is for the script, and has no words.
NOT_FOR_ALICE = {"account.rename_app", "account.new_passkey_question"}

EMAILS = [
    *((kind, {}) for kind in Mail),
    (Mail.NEW_LOGIN, {"passkey_alone": True}),
    (Mail.NEW_LOGIN, {"known": True, "remembered_until": "2026-04-01T09:00:00+00:00"}),
    (Mail.LINKED, {"besides": True, "app": "Phone"}),
    (Mail.REMOVED, {"last": False, "app": "Phone"}),
    (Mail.PASSKEY_REMOVED, {"last": True, "passkey": "Laptop"}),
    (Mail.RESET, {"reason": "lost"}),
]

NEEDED = {"hours": 72, "minutes": 60, "left": 3, "token": "A" * 43, "kind": "passkey", "factor": "Laptop"}
NEEDED |= {"failures": 3, "who": "carol@example.com"}

# Whoever links a first app, or removes the last factor, has had no passkey.
WITHOUT_PASSKEYS = ((Mail.LINKED, {}), (Mail.REMOVED, {}))


# What made_true() lets be so for one of these may be untrue for the next.
OTHERS = (Mail.INVITATION_ENDS, Mail.NEW_LINK_WANTED)
WHILE_TRUE = [
    kind for kind in Mail if kind in rule_mails.MAILS or kind in OTHERS or kind.value.startswith("exemption_")
]


def of_an_app_alone(texts: Iterable[str]) -> list[str]:
    """Return those of these texts that name an app and no passkey."""
    return [
        text for text in texts if APP.search(text) and not PASSKEY.search(text) and text not in ABOUT_AN_APP
    ]


def blocks(page: Page) -> list[str]:
    """Return the paragraphs, headings, links and so on of a page, each as one text."""
    main = page.html.find("main")
    assert isinstance(main, Tag), page.path
    inner = [tag for tag in main.find_all(BLOCKS) if isinstance(tag, Tag)]
    return [words(tag) for tag in inner if not tag.find(BLOCKS) or tag.name == "p"]


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


def own_pages(world: World) -> set[str]:
    """Return the addresses of all pages of the own account that need no number of an app."""
    rules = [
        rule
        for rule in world.app.url_map.iter_rules()
        if rule.endpoint.startswith("account.") and "GET" in (rule.methods or ())
    ]
    assert {rule.endpoint for rule in rules} > NOT_FOR_ALICE
    return {rule.rule for rule in rules if rule.endpoint not in NOT_FOR_ALICE}


def read_own_pages(world: World, alice: Visitor) -> None:
    name = f"{passkey_page(alice)}/name"
    for address in own_pages(world):
        page = alice.open(name if "<" in address else address)
        assert of_an_app_alone(blocks(page)) == [], address


@pytest.fixture
def alice(world: World, device: Authenticator) -> Visitor:
    """Alice, who must use 2FA, has added a passkey and no app, and has a set of recovery codes."""
    world.require(None)
    world.person("alice")
    visitor = world.password_given("alice")
    send_passkey(visitor, device)
    world.recovery_codes(visitor)
    return visitor


def test_no_page_of_the_own_account_speaks_of_an_app_alone(world: World, alice: Visitor) -> None:
    assert "Recovery codes" in alice.open("/account").text
    read_own_pages(world, alice)


def test_nor_where_only_passkeys_count(world: World, alice: Visitor) -> None:
    world.require(None, passkey_only=True)
    assert "no code and no remembered device counts" in alice.open("/account").text
    read_own_pages(world, alice)


def test_nor_where_nothing_is_required(world: World, alice: Visitor) -> None:
    world.require(None, False)
    assert "Keep asking me for a passkey" in alice.open("/account").text
    read_own_pages(world, alice)


def test_nor_does_a_page_on_the_way_in(world: World, alice: Visitor, device: Authenticator) -> None:
    pages = [alice.press("Log out"), world.password_given("alice", alice).page]
    assert pages[-1].path == "/login/code"
    pages += [alice.open("/login/recovery-code"), alice.open("/login/help")]
    alice.open("/login/code")
    pages.append(alice.press("Use a passkey", credential=device.answer(asked_to_answer(alice))))
    world.clock.advance(minutes=30)
    pages.append(alice.open("/account/password"))
    assert pages[-1].path == "/login/again"
    assert [of_an_app_alone(blocks(page)) for page in pages] == [[]] * len(pages)


def check_email(world: World, kind: Mail, context: dict[str, object]) -> None:
    """Send alice an email of this kind, and read it."""
    context = made_true(world, kind) | CONTEXT.get(kind, {}) | context
    with world.data():
        outbox.enqueue(kind, world.user("alice"), now=world.clock(), **NEEDED | context)
    assert world.deliver() == 1, kind
    message = message_from_string(world.last_mail(), policy=policy.default)
    paragraphs = [" ".join(text.split()) for text in world.words_of_last_mail().split("\n\n")]
    assert of_an_app_alone([str(message["Subject"]), *paragraphs]) == [], kind


def test_no_email_speaks_of_an_app_alone(world: World) -> None:
    world.person("alice")
    for kind, context in EMAILS:
        if (kind, context) not in WITHOUT_PASSKEYS and kind not in WHILE_TRUE:
            check_email(world, kind, context)


@pytest.mark.parametrize("kind", WHILE_TRUE)
def test_nor_does_one_that_leaves_only_while_it_is_true(world: World, kind: Mail) -> None:
    world.person("alice")
    check_email(world, kind, {})
