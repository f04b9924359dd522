"""The people of the tests, and the ways in which they come to the state that a test begins with."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email import message_from_string, policy
from functools import cache
from pathlib import Path
from typing import Any, TypedDict, TypeVar, Unpack
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import ColumnElement, func, select

from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.clock import Clock as SiteClock
from mfa_app.core.factors import break_glass, enrolment, held, totp
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk.caller_check import CallerCheck, Way
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.mail import delivery
from mfa_app.core.passwords import hashing
from mfa_app.core.passwords.hashing import HashCost, Hasher
from mfa_app.core.policy import rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.signed_in import SignedIn, as_user
from mfa_app.core.users import accounts, lookup
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import Model, db
from mfa_app.models import AuditEvent, Authenticator, AuthSession, Group, OutboxMail, Role, User
from mfa_app.settings import Settings
from mfa_app.web.security import cookies
from tests.support.browser import Page, Visitor, attribute, named
from tests.support.clock import Clock
from tests.support.phone import Phone
from tests.support.profiles import edit
from tests.support.served_site import ServedSite
from tests.support.site_parts import part_of, put
from tests.support.snapshots import Beginning, step

PASSWORD = "seven quiet lanterns by the river"
WRONG = "not the password of anybody at all"
TERMINAL = Actor(ActorKind.TERMINAL, "tests")
CALLED_BACK = CallerCheck(Way.CALLED_BACK)
VISITOR = Actor(ActorKind.VISITOR, ip_address="192.0.2.1", user_agent="Firefox")
ROLES = {"carol": Role.ADMIN, "dave": Role.HELPDESK}


@cache
def hashed(password: str | None, _cost: HashCost) -> str | None:
    """Return the hash of a password at the application's cost, made once: nearly everybody has the same."""
    return hashing.hash_password(password) if password else None


Result = TypeVar("Result")


class RuleDetails(TypedDict, total=False):
    """What a rule can say besides whether it requires 2FA."""

    required_from: datetime | None
    grace_days: int
    remember_days: int
    passkey_only: bool
    passkey_alone: bool


class PersonDetails(TypedDict, total=False):
    """What a person can have besides a name."""

    groups_: tuple[str, ...]
    role: Role | None
    password: str | None


class World:
    """A site, its clock and its people: carol is administrator, dave the help desk, eve attacks.

    The site is the application given. Its pages are answered in this process, or by a server on the same
    database: the people here notice no difference. `address` is where they come from.
    """

    site: ServedSite  # only where it is served
    beginning: Beginning | None = None  # only where steps are kept, and until anything else happens

    def __init__(
        self, app: Flask, clock: Clock, *, address: str = "192.0.2.1", base_url: str | None = None
    ) -> None:
        self.app, self.clock, self.address, self.base_url = app, clock, address, base_url
        self.phones: dict[str, Phone] = {}
        self._numbers = itertools.count(1)

    @classmethod
    def of(cls, site: ServedSite, clock: Clock, **options: Any) -> World:
        """Return the world on a served site. The application in this process gets the same clock."""
        put(site.app, SiteClock(clock))
        world = cls(site.app, clock, **options)
        world.site = site
        return world

    def live_all(self) -> None:
        """Let all that follows happen, for a test that watches or hinders it."""
        self.beginning = None

    @step
    def after(self, story: Callable[[World], Result]) -> Result:
        """Live a story; return what it returns."""
        return story(self)

    @contextmanager
    def data(self) -> Iterator[None]:
        """Look at the database, or change it with a verb; committed at the end."""
        with self.app.app_context():
            yield
            db.session.commit()

    @property
    def settings(self) -> Settings:
        """The settings of its site."""
        return part_of(self.app, Settings)

    @step
    def person(self, name: str, **details: Unpack[PersonDetails]) -> str:
        """Make a person with an account and the usual password; return the address."""
        with self.data():
            return self._add(name, **details)

    @step
    def people(self, *names: str, **details: Unpack[PersonDetails]) -> None:
        """Make many such people at once."""
        with self.data():
            for name in names:
                self._add(name, **details)

    def _add(
        self,
        name: str,
        *,
        groups_: tuple[str, ...] = (),
        role: Role | None = None,
        password: str | None = PASSWORD,
    ) -> str:
        profile = Profile(f"{name}@example.com", name.capitalize(), role or ROLES.get(name, Role.STAFF))
        members = [self.group_row(group) for group in groups_]
        user = accounts.create(profile, groups=members, password=None, actor=TERMINAL, now=self.clock())
        user.password_hash = hashed(password, part_of(self.app, Hasher).cost)
        user.link_required = user.is_privileged  # as after a reset at the terminal
        return profile.email

    def newcomer(self, kind: str = "alice", **options: Any) -> str:
        """Make one more person, called by a number; return the name."""
        name = f"{kind}{next(self._numbers)}"
        self.person(name, **options)
        return name

    def newcomers(self, count: int) -> list[str]:
        """Make many such people at once."""
        names = [f"alice{next(self._numbers)}" for _ in range(count)]
        self.people(*names)
        return names

    def linked_newcomer(self) -> str:
        """Make such a person, who must use 2FA and has linked an app just now; return the name."""
        name = f"alice{next(self._numbers)}"
        self.linked(name, groups_=(self.finance(),))
        return name

    def finance(self) -> str:
        """Make one more group that requires 2FA, called by a number; return its name."""
        name = f"Finance {next(self._numbers)}"
        self.group(name, required=True)
        return name

    @step
    def rename(self, name: str, shown: str) -> None:
        """Let a person be called something else; the address stays."""
        with self.data():
            edit(self.user(name), name=shown, actor=TERMINAL, now=self.clock())

    @step
    def group(self, name: str, *, required: bool | None = None, **rule: Unpack[RuleDetails]) -> None:
        """Make a group; `required=True` and the other values of its rule."""
        with self.data():
            group = groups.create(name, actor=TERMINAL, now=self.clock())
            if rule or required is not None:
                values = RuleValues(required or False, **rule)
                rules.set_rule(group, values, actor=TERMINAL, now=self.clock())

    @step
    def require(self, group: str | None, required: bool = True, **rule: Unpack[RuleDetails]) -> None:
        """Switch 2FA on or off for a group, or for everyone (None)."""
        with self.data():
            scope = groups.find(group) if group else None
            values = RuleValues(required=required, **rule)
            rules.set_rule(scope, values, actor=TERMINAL, now=self.clock())

    def visitor(self, **options: Any) -> Visitor:
        """Return a fresh browser."""
        return Visitor(self.app, **{"address": self.address, "base_url": self.base_url, **options})

    @step
    def password_given(self, name: str, visitor: Visitor | None = None) -> Visitor:
        """Let somebody give address and password, and nothing more."""
        visitor = visitor or self.visitor()
        visitor.give_password(f"{name}@example.com", PASSWORD)
        return visitor

    @step
    def link(self, name: str, visitor: Visitor | None = None) -> Visitor:
        """Let somebody log in and link a phone; the browser that comes back is logged in."""
        visitor = self.password_given(name, visitor)
        if visitor.current.path != "/enrolment":
            visitor.open("/enrolment")
        self.phones[name] = self.phone_that_scans(visitor.current)
        visitor.press("Enable", code=self.phones[name].code())
        assert "You are now logged in" in visitor.current.text, visitor.current.text
        return visitor

    @step
    def link_and_wait(self, name: str, visitor: Visitor | None = None) -> Visitor:
        """Do the same, and wait 30 seconds, until the phone shows another code."""
        visitor = self.link(name, visitor)
        self.clock.advance(seconds=30)
        return visitor

    def link_another(self, visitor: Visitor, called: str) -> Phone:
        """Let somebody link one more app under a name, and wait until it shows another code."""
        phone = self.phone_that_scans(visitor.open("/enrolment"))
        visitor.submit("/enrolment", name=called, code=phone.code())
        assert "a code of any of your apps works" in visitor.current.text, visitor.current.text
        self.clock.advance(seconds=30)
        return phone

    def recovery_codes(self, visitor: Visitor) -> list[str]:
        """Let somebody make a set of recovery codes; return them as the page shows them."""
        visitor.open("/account/recovery-codes")
        page = visitor.submit("/account/recovery-codes")
        return [code.text for code in page.html.find_all("code")]

    @step
    def break_glass_codes(self) -> tuple[str, ...]:
        """Make the site's break-glass codes at the terminal; the emails about them have left."""
        with self.data():
            codes = break_glass.make_set(actor=TERMINAL, now=self.clock())
            db.session.commit()
            delivery.deliver_due()
            return codes

    def next_code(self, name: str) -> str:
        """Return the code of the next step, which counts already: linking has used up the present one."""
        return self.phones[name].code(steps=1)

    def phone_that_scans(self, page: Page) -> Phone:
        """Return a phone whose app has followed the page's tap link."""
        link = page.html.find("a", href=re.compile("^otpauth:"))
        return Phone(attribute(link, "href"), self.clock)

    @step
    def log_in_and_wait(
        self, name: str, visitor: Visitor | None = None, *, remember: bool = False
    ) -> Visitor:
        """Let somebody pass both gates, as many as there are; after a code, wait until there is another."""
        visitor = self.password_given(name, visitor)
        if visitor.current.path == "/login/code":
            untick = not remember and named(visitor.current.html, "remember")
            box: dict[str, Any] = {"remember": None} if untick else {}
            visitor.press("Log in", code=self.phones[name].code(), **box)
            self.clock.advance(seconds=30)
        return visitor

    @step
    def remembered_a_minute_ago(self, name: str) -> Visitor:
        """Make somebody of Finance, which requires 2FA; return a browser that is remembered, logged out."""
        self.group("Finance", required=True)
        self.linked_earlier(name, groups_=("Finance",))
        visitor = self.log_in_and_wait(name, remember=True)
        visitor.press("Log out")
        return visitor

    @step
    def linked_earlier(self, name: str, **options: Any) -> str:
        """Make a person who linked an app 30 seconds ago, by the verbs alone; the mail about it has left."""
        email = self.linked(name, **options)
        self.deliver()
        self.clock.advance(seconds=30)
        return email

    @step
    def linked(self, name: str, **options: Any) -> str:
        """Make a person who links an app now, by the verbs alone; nobody is logged in afterwards."""
        email = self.person(name, **options)
        with self.data():
            sessions.end(self._link(name).session.id)
        return email

    @step
    def at_work(self, name: str, **options: Any) -> Visitor:
        """Do the same; return a browser in the session of the linking, so that no code is asked for."""
        self.person(name, **options)
        with self.data():
            linked = self._link(name)
        visitor = self.visitor()
        self.give_session(visitor, linked.token)
        return visitor

    def give_session(self, visitor: Visitor, token: str) -> None:
        """Let a browser hold a session that was started by a verb."""
        cookie = cookies.name_under(self.settings, cookies.SESSION)
        host = urlsplit(self.base_url).hostname if self.base_url else None
        visitor.client.set_cookie(cookie, token, domain=host or "localhost")

    def _link(self, name: str) -> SignedIn:
        """Let somebody link a new phone in a new session, by the verbs alone."""
        user, now = self.user(name), self.clock()
        actor = as_user(VISITOR, user)
        token, _session = sessions.start(user, actor=actor, now=now)
        identity = sessions.find(token, now=now)
        assert identity is not None
        secret = enrolment.begin(identity, now=now).secret
        uri = totp.provisioning_uri(secret, account=user.email, issuer="Second Gate")
        phone = self.phones[name] = Phone(uri, self.clock)
        return enrolment.confirm(identity, phone.code(), actor=actor, now=now)

    @step
    def reset(self, name: str, reason: str = "lost phone") -> None:
        """Let somebody's 2-factor authentication be reset at the terminal."""
        with self.data():
            reset_second_factor(
                self.user(name), reason=reason, checked=CALLED_BACK, actor=TERMINAL, now=self.clock()
            )

    def id_of(self, name: str) -> int:
        """Return the number of a person's row."""
        with self.data():
            return self.user(name).id

    def app_page(self, name: str, number: int = 0) -> str:
        """Return where the addresses about one of somebody's apps begin, by the order in which they came."""
        with self.data():
            apps = select(Authenticator.id).where(Authenticator.user_id == self.user(name).id)
            ids = db.session.scalars(apps.order_by(Authenticator.enrolled_at, Authenticator.id)).all()
        return f"/account/apps/{ids[number]}"

    def replacement_page(self, name: str, number: int = 0) -> str:
        """Return the address of the page that links a new phone in the place of one of somebody's apps."""
        return self.app_page(name, number).replace("/account/apps", "/enrolment")

    def removal_page(self, name: str, number: int = 0) -> str:
        """Return where the help desk removes one of somebody's apps, or passkeys after these."""
        with self.data():
            user = self.user(name)
            return f"/admin/people/{user.id}/factors/{held.of_user(user)[number].id}"

    def user(self, name: str) -> User:
        """Return a person's row, within `data()`."""
        user = lookup.find_by_email(f"{name}@example.com")
        assert user is not None, f"{name} has no account"
        return user

    def group_row(self, name: str) -> Group:
        """Return a group's row, within `data()`."""
        group = groups.find(name)
        assert group is not None, f"there is no group {name}"
        return group

    def events(self, name: str | None = None) -> list[str]:
        """Return the trail's events, oldest first: all, or those about one person."""
        with self.data():
            statement = select(AuditEvent.event).order_by(AuditEvent.id)
            if name:
                statement = statement.where(AuditEvent.subject_name == f"{name}@example.com")
            return list(db.session.scalars(statement))

    def methods(self, name: str) -> list[str]:
        """Return what each live session of a person has shown."""
        with self.data():
            rows = select(AuthSession.amr).join(User, User.id == AuthSession.user_id)
            rows = rows.where(User.email == f"{name}@example.com").order_by(AuthSession.created_at)
            return list(db.session.scalars(rows))

    def details(self, event: str) -> dict[str, Any]:
        """Return the details of the latest event of this kind."""
        with self.data():
            latest = (
                select(AuditEvent.details).where(AuditEvent.event == event).order_by(AuditEvent.id.desc())
            )
            details: dict[str, Any] = db.session.scalars(latest.limit(1)).one()
            return details

    def deliver(self) -> int:
        """Let the mails leave that are due; return how many did."""
        with self.app.app_context():  # without a commit: delivery makes its own
            return delivery.deliver_due()

    def mails(self, to: str) -> list[str]:
        """Return the names of the mails written to a person, oldest first."""
        with self.data():
            address = to if "@" in to else f"{to}@example.com"
            statement = select(OutboxMail.template).where(OutboxMail.to == address)
            return list(db.session.scalars(statement.order_by(OutboxMail.created_at)))

    def last_mail(self) -> str:
        """Return the text of the mail that left last, as it lies in the outbox folder."""
        folder = self.settings.instance_path / "outbox"
        newest: Path = max(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return newest.read_text("utf-8")

    def words_of_last_mail(self) -> str:
        """Return the plain words of the mail that left last."""
        body = message_from_string(self.last_mail(), policy=policy.default).get_body(("plain",))
        return str(body.get_content()) if body else ""

    def link_in_last_mail(self) -> str:
        """Return the path of the link that the last mail brought."""
        found = re.search(r"/link/[\w-]+", self.words_of_last_mail())
        assert found, "the last mail has no link"
        return found[0]

    def count(self, model: type[Model], *where: ColumnElement[bool]) -> int:
        """Return how many rows of a table there are."""
        with self.data():
            return db.session.scalar(select(func.count()).select_from(model).where(*where)) or 0
