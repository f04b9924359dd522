"""The soak's company: its users, their authentication apps, and the group whose rule changes."""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flask import Flask

from mfa_app.cli.support.migrations import bring_to_head
from mfa_app.core.common import clock
from mfa_app.core.factors import totp
from mfa_app.core.groups import groups
from mfa_app.core.keys.vault import vault
from mfa_app.core.passwords import hashing
from mfa_app.core.policy import rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Role
from mfa_app.models.column_types import new_id
from tests.support.phone import Phone
from tests.support.world import PASSWORD, TERMINAL

ACCOUNTS, STEP = 400, 30
REST_STEPS = 2  # time steps between two logins of one account, so that their rows can be told apart


@dataclass
class Account:
    """A user: the app's secret, and the time steps at which its codes were used."""

    id: int
    email: str
    ip_address: str
    secret: str
    shown: str = ""  # shown on an enrolment page, but not confirmed by a response yet
    rounds: list[float] = field(default_factory=list)
    free: threading.Lock = field(default_factory=threading.Lock)

    def code(self) -> str:
        """Return the app's current code."""
        return Phone(f"otpauth://totp/x?secret={self.secret}", lambda: datetime.now(UTC)).code()

    def rested(self) -> bool:
        """Return True if the last login was long enough ago."""
        return not self.rounds or time.time() // STEP >= self.rounds[-1] // STEP + REST_STEPS


def create_company(app: Flask) -> tuple[list[Account], dict[str, Account], list[int]]:
    """Create the company: half of the users always need a code, half only if their group requires it."""
    with app.app_context():
        bring_to_head()
        now, hashed = clock.now(), hashing.hash_password(PASSWORD)
        both = [groups.create(name, actor=TERMINAL, now=now) for name in ("Always", "Sometimes")]
        for group in both:
            rules.set_rule(group, RuleValues(required=True), actor=TERMINAL, now=now)
        staff = {
            "carol": _create_account("carol", Role.ADMIN, "192.0.2.1", [both[0]], hashed),
            "dave": _create_account("dave", Role.HELPDESK, "192.0.2.2", [both[0]], hashed),
        }
        users = [
            _create_account(f"p{n}", Role.STAFF, f"198.18.{n // 250}.{n % 250 + 1}", [both[n % 2]], hashed)
            for n in range(ACCOUNTS)
        ]
        ids = [group.id for group in both]
        db.session.commit()
        db.engine.dispose()
        return users, staff, ids


def _create_account(name: str, role: Role, ip_address: str, in_groups: list, hashed: str) -> Account:
    now, profile = clock.now(), Profile(f"{name}@example.com", name.capitalize(), role)
    user = accounts.create(profile, groups=in_groups, password=None, actor=TERMINAL, now=now)
    user.password_hash = hashed
    row, secret = Authenticator(id=new_id(), user_id=user.id, enrolled_at=now, last_step=0), totp.new_secret()
    row.sealed_secret = vault().seal(secret, row.seal_context)
    db.session.add(row)
    db.session.flush()
    return Account(user.id, user.email, ip_address, secret)
