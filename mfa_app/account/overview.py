"""A user's own account: authentication apps, remembered devices and sessions."""

from dataclasses import dataclass
from datetime import datetime

from flask import render_template
from flask.typing import ResponseReturnValue

from mfa_app.account import blueprint
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common import clock
from mfa_app.core.factors import enrolment, own_factors, passkey_setup, passkeys, recovery_codes, totp
from mfa_app.core.policy.decision import is_asked, needs_passkey
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.models import AuthSession, RememberedDevice
from mfa_app.models.row_facts import AuthenticatorFacts, PasskeyFacts
from mfa_app.web.security.current import current_identity
from mfa_app.web.ui.passkeys import passkey_origin, works_here
from mfa_app.wording.labels import app_name
from mfa_app.wording.policy import announcement, why, why_passkey
from mfa_app.wording.user_agents import browser_name


@dataclass(frozen=True)
class BrowserEntry:
    """A session or a remembered device, as the account page shows it."""

    id: str
    browser: str
    ip_address: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


@dataclass(frozen=True)
class AppEntry:
    """An authentication app, as the account page shows it. `used_at` is the time of its last code."""

    id: str
    name: str
    linked_at: datetime
    used_at: datetime


@dataclass(frozen=True)
class SecondFactor:
    """The user's 2FA, as the account page shows it.

    `because` is why a code is asked for, `announcement` the rule to come or the exemption, with its date,
    `enrol_by` the end of the grace period. `asked`: a code is asked for at login. `alone`: there is one app,
    and no passkey that works. `may_keep`: the user may opt in. `passkey_only`: no code and no remembered
    device counts.
    """

    apps: tuple[AppEntry, ...]
    because: str | None
    announcement: str | None
    asked: bool
    enrol_by: datetime | None
    alone: bool
    may_remove_app: bool
    may_link: bool
    may_keep: bool
    passkeys: tuple[PasskeyFacts, ...] = ()
    passkey_wanted: str | None = None
    passkey_only: bool = False

    @property
    def linked(self) -> bool:
        return bool(self.apps or self.passkeys)

    @property
    def since(self) -> datetime:
        apps = [app.linked_at for app in self.apps]
        return min(apps + [passkey.registered_at for passkey in self.passkeys])


@dataclass(frozen=True)
class PasskeyEntry:
    """A passkey, as the account page shows it.

    `works`: it was made for the present address of the site. `alone`: without it, no second factor is left
    that works.
    """

    passkey: PasskeyFacts
    works: bool
    alone: bool
    may_remove: bool


@dataclass(frozen=True)
class PasskeyPanel:
    """The user's passkeys, as the account page shows them. `origin` is where they work, if anywhere."""

    entries: tuple[PasskeyEntry, ...]
    work_here: bool
    origin: str | None
    may_add: bool


@blueprint.get("/account")
def overview() -> ResponseReturnValue:
    """The user's own account: authentication apps, remembered devices and sessions."""
    identity, now = current_identity(), clock.now()
    user, here = identity.user, identity.session
    own = _passkeys_of(identity)
    second_factor = _second_factor(identity, own, now)
    return render_template(
        "account/overview.html",
        person=user,
        groups=list(identity.subject.groups),
        second_factor=second_factor,
        passkeys=_passkey_panel(identity, own, now),
        recovery=recovery_codes.left(user),
        devices=_devices(identity, now),
        sessions=[
            _browser_entry(other, other.last_seen_at, other.id == here.id)
            for other in sessions.of_user(user, now=now)
        ],
    )


def _devices(identity: Identity, now: datetime) -> list[BrowserEntry]:
    here = identity.session.device_id
    devices = remembered_devices.of_user(identity.user, now=now)
    return [_browser_entry(device, device.last_used_at, device.id == here) for device in devices]


def _second_factor(identity: Identity, own: tuple[PasskeyFacts, ...], now: datetime) -> SecondFactor:
    apps, alone = identity.subject.authenticators, enrolment.is_one_app_alone(identity, own)
    return SecondFactor(
        apps=tuple(map(_app_entry, apps)),
        because=why(identity.decision.because),
        announcement=announcement(identity.subject.facts, now),
        asked=is_asked(identity.subject.facts, now=now),
        enrol_by=identity.decision.enrol_by,
        alone=alone,
        may_remove_app=own_factors.may_remove(identity, last=alone, now=now),
        may_link=enrolment.may_add_app(identity),
        may_keep=own_factors.may_opt_in(identity, now=now),
        passkeys=own,
        passkey_wanted=why_passkey(identity.decision.passkey) if identity.decision.passkey else None,
        passkey_only=needs_passkey(identity.subject.facts, now=now),
    )


def _passkeys_of(identity: Identity) -> tuple[PasskeyFacts, ...]:
    return passkeys.of_user(identity.user) if identity.subject.passkeys else ()


def _passkey_panel(identity: Identity, own: tuple[PasskeyFacts, ...], now: datetime) -> PasskeyPanel:
    return PasskeyPanel(
        entries=tuple(_passkey_entry(identity, passkey, own, now) for passkey in own),
        work_here=works_here(),
        origin=passkey_origin(),
        may_add=passkey_setup.may_add(own),
    )


def _passkey_entry(
    identity: Identity, passkey: PasskeyFacts, own: tuple[PasskeyFacts, ...], now: datetime
) -> PasskeyEntry:
    removal = passkey_setup.removal_of(identity, passkey, own, now=now)
    works = passkey in passkeys.that_work(own)
    return PasskeyEntry(passkey, works, alone=removal.last, may_remove=removal.refusal is None)


def _app_entry(app: AuthenticatorFacts) -> AppEntry:
    return AppEntry(app.id, app_name(app.name), app.enrolled_at, totp.start_of(app.last_step))


def _browser_entry(row: AuthSession | RememberedDevice, used_at: datetime, current: bool) -> BrowserEntry:
    return BrowserEntry(
        row.id, browser_name(row.user_agent), row.ip_address, row.created_at, used_at, row.expires_at, current
    )
