"""Fills a new site with as many people as you like: `python -m bench.seed --people 1000000 --instance DIR`.

Everyone has linked an app, and is in one or two of 200 groups, which all require a code. Those who can log in
share a password and have known secrets (bench/people.py); the first of them is an administrator.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime

import click
from flask import Flask
from sqlalchemy import func, select, text, update

from bench import trail
from bench.bulk import Bulk, bulk
from bench.cohorts import Cohorts
from bench.people import ADMINISTRATOR, PASSWORD, Person
from bench.plan import Plan
from mfa_app import create_app
from mfa_app.cli.support import migrations
from mfa_app.core.audit import chain
from mfa_app.core.common import clock, email_addresses, search_words
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.factors import totp
from mfa_app.core.groups import groups
from mfa_app.core.keys.keyring import load_keys
from mfa_app.core.keys.vault import Vault
from mfa_app.core.operations import counts
from mfa_app.core.passwords import hashing
from mfa_app.core.policy import rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Membership, Role, SearchWord, TrailHead, User
from mfa_app.models.column_types import new_id
from mfa_app.settings import SettingError, Settings, load_settings

NEXT_IDS = text(
    "SELECT setval('user_account_id_seq', (SELECT max(id) FROM user_account)), "
    "setval('cohort_id_seq', (SELECT max(id) FROM cohort))"
)
TERMINAL = Actor(ActorKind.TERMINAL, "bench")
USER_COLUMNS = (
    *("id", "email", "email_key", "name", "name_key"),
    *("role", "password_hash", "created_at", "last_login_at", "linked", "cohort_id"),
)


@click.command()
@click.option("--people", type=click.IntRange(1), required=True, help="How many people the site has.")
@click.option(
    "--active", type=click.IntRange(1), default=1000, help="How many can log in; 1000 if not given."
)
@click.option("--trail", "rows", type=click.IntRange(0), default=0, help="Rows of the trail for each person.")
@click.option("--instance", type=click.Path(file_okay=False), help="Instance folder: keys, and SQLite.")
@click.option("--database", help="A PostgreSQL address instead of SQLite.")
def main(people: int, active: int, rows: int, instance: str | None, database: str | None) -> None:
    """Fill a new site with people."""
    chosen = {"MFA_INSTANCE_PATH": instance, "MFA_DATABASE_URL": database}
    environ = {**os.environ, **{name: value for name, value in chosen.items() if value}}
    if not environ.keys() & chosen.keys():
        raise click.UsageError("Say where the site is: --instance DIR, or --database ADDRESS.")
    try:
        seed(load_settings(environ), Plan(people, min(active, people), rows, datetime.now(UTC)))
    except SettingError as error:
        raise click.ClickException(str(error)) from None


def seed(settings: Settings, plan: Plan) -> None:
    """Fill a new site. Raises ClickException if it has people already, SettingError."""
    app = create_app(settings, MAIL_IN_BACKGROUND=False)
    with app.app_context():
        migrations.bring_to_head()
        if db.session.scalar(select(func.count()).select_from(User.__table__)):
            raise click.ClickException("This site has people already. Seed a new one.")
        with clock.standing_at(plan.began):
            group_ids = _create_groups(plan.groups)
        _fill(app, plan, group_ids, settings)
        db.engine.dispose()


def _create_groups(count: int) -> list[int]:
    """Create so many groups as an engineer would, and return their ids."""
    created = []
    for number in range(count):
        group = groups.create(f"Group {number:03}", actor=TERMINAL, now=clock.now())
        rules.set_rule(group, RuleValues(required=True), actor=TERMINAL, now=clock.now())
        created.append(group.id)
    db.session.commit()
    return created


def _fill(app: Flask, plan: Plan, group_ids: list[int], settings: Settings) -> None:
    head, key = chain.head(), chain.trail_key()
    db.session.commit()
    with bulk(db.engine) as table:
        cohorts = Cohorts(group_ids)
        _fill_users(table, plan, cohorts)
        _fill_authenticators(table, plan, settings)
        cohorts.fill(table)
        columns = ("user_id", "group_id", "joined_at", "email_key", "linked")
        table.insert(Membership, columns, _memberships(plan, group_ids))
        table.insert(SearchWord, ("word", "user_id", "email_key"), _words(plan))
        last = trail.fill(table, plan, head, key)
    with db.engine.begin() as connection:
        values = {"last": last.last, "mac": last.mac, "streamed_up_to": last.last}
        connection.execute(update(TrailHead).values(values))
        if connection.dialect.name == "postgresql":  # which counts on by itself, from 1
            connection.execute(NEXT_IDS)
    counts.recount()
    db.session.commit()


def _fill_users(table: Bulk, plan: Plan, cohorts: Cohorts) -> None:
    # One hash for all: a salt for each would cost 21 ms a person and change no measurement.
    hashed = hashing.hash_password(PASSWORD)
    table.insert(
        User,
        USER_COLUMNS,
        ((*_user(person, plan, hashed), True, cohorts.of(person)) for person in plan.persons("People")),
    )


def _user(person: Person, plan: Plan, hashed: str) -> tuple[object, ...]:
    email, name = person.email, person.name  # the address is plain enough to be its own key
    role = Role.ADMIN if person.account == ADMINISTRATOR else Role.STAFF
    # Whoever can log in has not done so: a login in a new browser is told by email, unless it is the first.
    last_login = plan.last_login(person) if person.account is None else None
    keys = email, name, email_addresses.name_key(name)
    return person.id, email, *keys, role, hashed, plan.joined(person), last_login


def _fill_authenticators(table: Bulk, plan: Plan, settings: Settings) -> None:
    vault, issuer = Vault(load_keys(settings).data_keys), totp.label_of(settings.issuer)

    def row(person: Person) -> tuple[object, ...]:
        app, linked = Authenticator(id=new_id(), user_id=person.id), plan.joined(person)
        sealed = vault.seal(person.secret, app.seal_context)
        return app.id, person.id, sealed, issuer, int(linked.timestamp()) // totp.PERIOD_SECONDS, linked

    columns = ("id", "user_id", "sealed_secret", "issuer", "last_step", "enrolled_at")
    table.insert(Authenticator, columns, map(row, plan.persons("Apps")))


def _memberships(plan: Plan, group_ids: list[int]) -> Iterable[tuple[object, ...]]:
    for person in plan.persons("Memberships"):
        for group_id in person.groups(group_ids):
            yield person.id, group_id, plan.joined(person), person.email, True


def _words(plan: Plan) -> Iterable[tuple[object, ...]]:
    for person in plan.persons("Search words"):
        for word in search_words.words_of(person.name, person.email):
            yield word, person.id, person.email


if __name__ == "__main__":
    main()
