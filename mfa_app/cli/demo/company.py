"""The demo's company: three weeks of events, created with the same actions as on the pages."""

import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pyotp
from flask_babel import gettext as _

from mfa_app.cli.demo.people import CROWD, FIREFOX, SAFARI
from mfa_app.core.browsers.known_browsers import BrowserFacts
from mfa_app.core.common import clock
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.errors import WrongCode
from mfa_app.core.factors import enrolment, totp
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk.caller_check import CallerCheck, Way
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.login import code_step, password_step
from mfa_app.core.login.logout import log_out
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.policy import overrides, rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn, as_user
from mfa_app.core.users import accounts, enrolment_links, invitations
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Group, Role, User
from mfa_app.wording import dates

DOMAIN = "firma.example"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no characters that look alike
EXEMPT_FOR = timedelta(days=30)
LAPTOP = Actor(ActorKind.VISITOR, ip_address="198.51.100.23", user_agent=FIREFOX)
PHONE = Actor(ActorKind.VISITOR, ip_address="203.0.113.80", user_agent=SAFARI)

# How many days ago, and the action to run at that time.
ScheduledAction = tuple[float, Callable[[], None]]


@dataclass(frozen=True)
class DemoLogin:
    """Email address and password of a demo user, what this login shows, and the app's secret if enrolled."""

    email: str
    password: str
    shows: str
    secret: str = ""


class Company:
    """The company while its past is created. Users, passwords, links and secrets are kept by first name."""

    def __init__(self, founder: Actor, now: datetime) -> None:
        self.now, self.administrator = now, founder
        self.users: dict[str, User] = {}
        self.passwords: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.links: dict[str, str] = {}

    def run(self, plan: list[ScheduledAction]) -> None:
        """Run every action at its time, earliest first."""
        for days, action in sorted(plan, key=lambda planned: -planned[0]):
            with clock.standing_at(self.now - timedelta(days=days)):
                action()

    def create_groups(self) -> None:
        """Create the groups, one for each kind of rule."""
        in_ten_days = (self.now + timedelta(days=10)).replace(hour=0, minute=0, second=0, microsecond=0)
        values_by_group = {
            "Finance": RuleValues(required=True),
            "IT": RuleValues(required=True, remember_days=7),
            "Engineering": RuleValues(required=True, required_from=in_ten_days),
            "Field service": RuleValues(required=True, grace_days=14),
            "Sales": RuleValues(required=False),
        }
        for name, values in values_by_group.items():
            group = groups.create(name, actor=self.administrator, now=clock.now())
            rules.set_rule(group, values, actor=self.administrator, now=clock.now())

    def hire(self, name: str, *in_groups: str, email: str = "", role: Role = Role.STAFF) -> None:
        """Create an account with its own password."""
        first = name.partition(" ")[0]
        self.passwords[first] = "-".join(_letters(4) for _word in range(4))
        self.users[first] = accounts.create(
            Profile(f"{email or first.lower()}@{DOMAIN}", name, role),
            groups=[_group(group) for group in in_groups],
            password=self.passwords[first],
            actor=self.administrator,
            now=clock.now(),
        )
        user = self.users[first]
        if enrolment_links.needs_link(user):
            self.links[first] = enrolment_links.send(user, actor=self.administrator, now=clock.now())

    def invite(self, name: str, group: str) -> None:
        """Create an account without a password and email an invitation."""
        profile = Profile(f"{name.partition(' ')[0].lower()}@{DOMAIN}", name)
        actor, now = self.administrator, clock.now()
        user = accounts.create(profile, groups=[_group(group)], password=None, actor=actor, now=now)
        invitations.invite(user, actor=actor, now=now)

    def enrol(self, first: str, visitor: Actor = LAPTOP) -> None:
        """Log in, enrol an app and log out."""
        now, identity = clock.now(), self._enter_password(first, visitor)
        actor = as_user(visitor, identity.user)
        secret = enrolment.begin(identity, now=now).secret
        signed_in = enrolment.confirm(identity, pyotp.TOTP(secret).at(now), actor=actor, now=now)
        log_out(_session(signed_in), actor=actor)
        self.secrets[first] = secret

    def log_in(
        self, first: str, visitor: Actor = LAPTOP, *, wrong_codes: int = 0, remember: bool = False
    ) -> None:
        """Log in with password and code, after this many wrong codes."""
        now, identity = clock.now(), self._enter_password(first, visitor)
        right = pyotp.TOTP(self.secrets[first]).at(now)
        wrong = f"{(int(right) + 1) % 10**totp.DIGITS:0{totp.DIGITS}}"
        for code in [*[wrong] * wrong_codes, right]:
            with contextlib.suppress(WrongCode):
                code_step.answer_challenge(
                    identity,
                    code,
                    remember=remember,
                    browser=BrowserFacts(),
                    actor=as_user(visitor, identity.user),
                    now=now,
                )

    def promote_ada(self) -> None:
        """Make Ada the administrator who acts from now on."""
        self.administrator = as_user(LAPTOP, self.users["Ada"])
        groups.add_member(_group("IT"), self.users["Ada"], actor=self.administrator, now=clock.now())

    def reset_lena(self) -> None:
        """Reset Lena's 2FA as the help desk."""
        ben = as_user(LAPTOP, self.users["Ben"])
        checked = CallerCheck(Way.CALLED_BACK)
        reset_second_factor(
            self.users["Lena"], reason="Lost phone", checked=checked, actor=ben, now=clock.now()
        )

    def exempt_hugo(self) -> None:
        """Exempt Hugo, with an end date and a reason."""
        until, reason = self.now + EXEMPT_FOR, "Broken arm, no phone"
        hugo, actor = self.users["Hugo"], self.administrator
        overrides.exempt(hugo, until=until, reason=reason, actor=actor, now=clock.now())

    def disable_jonas(self) -> None:
        """Disable the account of Jonas, who has left."""
        accounts.disable(self.users["Jonas"], actor=self.administrator, now=clock.now())

    def _enter_password(self, first: str, visitor: Actor) -> Identity:
        user, now = self.users[first], clock.now()
        token, link = self.links.pop(first, None), None
        if token is not None:
            link, _owner = one_time_links.find(token, Purpose.ENROLMENT, now=now)
        signed_in = password_step.sign_in(
            user.email,
            self.passwords[first],
            link=link,
            browser=BrowserFacts(),
            hmac_key="",
            actor=visitor,
            now=now,
        )
        return _session(signed_in)


def create_company(founder: Actor, *, now: datetime) -> list[DemoLogin]:
    """Create the company with three weeks of events. Return the logins that are worth trying."""
    company = Company(founder, now)
    company.run([*_start(company), *_hired(company), *_crowd(company), *_lately(company)])
    grace_over = dates.day(now + timedelta(days=12))
    required_from, exempt_until = (
        dates.day(now + timedelta(days=10)),
        dates.day(now + EXEMPT_FOR),
    )
    shows = {
        "Ada": _("administrator: asked for a code"),
        "Ben": _("help desk: asked for a code"),
        "Carla": _("Finance requires it: asked for a code"),
        "Dmitri": _("Finance requires it: must link an app now"),
        "Lena": _("lost her phone, reset by Ben: must link a new app"),
        "Elif": _("Engineering requires it from %(date)s", date=required_from),
        "Farid": _("Field service gives him until %(date)s to link an app", date=grace_over),
        "Greta": _("Sales does not require it: not asked for a code"),
        "Ines": _("opted in: asked for a code"),
        "Hugo": _("exempt until %(date)s: not asked for a code", date=exempt_until),
        "Jonas": _("disabled: cannot log in"),
    }
    company.secrets.pop("Lena")
    return [_login_of(company, first, text) for first, text in shows.items()]


def _start(company: Company) -> list[ScheduledAction]:
    return [
        (21, partial(company.hire, "Ada Lindqvist", role=Role.ADMIN)),
        (20.98, partial(company.enrol, "Ada")),
        (20.97, company.create_groups),
        (20.96, company.promote_ada),
    ]


def _hired(company: Company) -> list[ScheduledAction]:
    return [
        (19.1, partial(company.hire, "Ben Okafor", "IT", role=Role.HELPDESK)),
        (18.1, partial(company.hire, "Carla Rossi", "Finance")),
        (17.2, partial(company.hire, "Ines Costa", "Sales")),
        (16.3, partial(company.hire, "Lena Fischer", "Finance")),
        (14.1, partial(company.hire, "Elif Kaya", "Engineering")),
        (13.1, partial(company.hire, "Greta Olsen", "Sales")),
        (12.2, partial(company.hire, "Hugo Martin", "Finance")),
        (11.3, partial(company.hire, "Jonas Weber", "Sales")),
        (6.2, partial(company.hire, "Dmitri Novak", "Finance")),
        (2.0, partial(company.hire, "Farid Haddad", "Field service")),
    ]


def _crowd(company: Company) -> list[ScheduledAction]:
    plan: list[ScheduledAction] = []
    for number, (first, last, group) in enumerate(CROWD):
        days = 20.4 - number * 0.69
        email = f"{first}.{last}".lower()
        plan.append((days, partial(company.hire, f"{first} {last}", group, email=email)))
        if number % 3:
            plan.append((days - 0.4, partial(company.enrol, first, PHONE if number % 2 else LAPTOP)))
    return plan


def _lately(company: Company) -> list[ScheduledAction]:
    return [
        (19.0, partial(company.enrol, "Ben")),
        (18.0, partial(company.enrol, "Carla")),
        (17.1, partial(company.enrol, "Ines", PHONE)),
        (16.2, partial(company.enrol, "Lena")),
        (12.1, company.exempt_hugo),
        (5.1, company.disable_jonas),
        (2.1, partial(company.log_in, "Carla", remember=True)),
        (1.9, partial(company.invite, "Kim Nguyen", "Sales")),
        (1.5, partial(company.log_in, "Ines", PHONE, wrong_codes=2)),
        (1.1, partial(company.log_in, "Ben")),
        (1.09, company.reset_lena),
        (0.2, partial(company.log_in, "Ada")),
    ]


def _login_of(company: Company, first: str, shows: str) -> DemoLogin:
    secret = company.secrets.get(first, "")
    return DemoLogin(company.users[first].email, company.passwords[first], shows, secret)


def _group(name: str) -> Group:
    group = groups.find(name)
    if group is None:
        raise LookupError(name)
    return group


def _session(signed_in: SignedIn) -> Identity:
    identity = sessions.find(signed_in.token, now=clock.now())
    if identity is None:
        raise LookupError("the session that has just begun")
    return identity


def _letters(count: int) -> str:
    return "".join(secrets.choice(LETTERS) for _letter in range(count))
