"""The verdict on a soak: the trail compared with what the browsers saw."""

import json
from collections import Counter

from flask import Flask
from sqlalchemy import select

from mfa_app.extensions import db
from mfa_app.models import AuditEvent
from stress.users import Soak
from stress.workers import WorkerKiller

SEEN = ("password.accepted", "code.accepted", "authenticator.linked", "second_factor.reset", "login.ended")
MEMORY_AT = (30, 60, 300)  # seconds after a process started, besides its end
# A user who logs out during a reset sees success, although the reset has ended the session.
ENDED = ("login.ended", "sessions.ended")
GROWTH_KIB = 16 * 1024  # room for two password hashes that are in progress when memory is measured


def report(app: Flask, soak: Soak, killer: WorkerKiller, took: float) -> list[str]:
    """Print the counts; return what is wrong."""
    print(f"  {took:.0f} s, {sum(soak.statuses.values())} answers: {dict(sorted(soak.statuses.items()))}")
    print(f"  {len(killer.kills)} workers killed, {soak.seen['connection lost']} connections lost, "
          f"{soak.seen['connection lost with a code']} more with a code on the way")  # fmt: skip
    print(f"  {dict(sorted(soak.seen.items()))}")
    wrong = [
        f"{count} answers {status}"
        for status, count in soak.statuses.items()
        if status >= 500 and status != 503
    ]
    for life in killer.lives():
        samples = [_at(life, second) for second in MEMORY_AT if second <= life[-1][0]] + [life[-1]]
        held = ", ".join(f"{kib / 1024:.1f} MiB at {at:.0f} s" for at, kib in samples)
        print(f"  memory of a process: {held}")
        grown = life[-1][1] - samples[0][1]
        wrong += [f"memory grew by {grown / 1024:.1f} MiB"] if grown > GROWTH_KIB else []
    return wrong + judge(app, soak)


def _at(life: list[tuple[float, int]], second: float) -> tuple[float, int]:
    return next((at, held) for at, held in life if at >= second)


def lines(app: Flask, log: str) -> list[str]:
    """Compare standard output with the trail and print how many lines are missing; return what is wrong.

    If a worker is killed between the commit and the line, the line is lost.
    """
    read, torn = [], 0
    for line in log.splitlines():
        if line.startswith("{"):
            try:
                row = json.loads(line)
                read.append((row["id"], row["mac"]))
            except (ValueError, KeyError):
                torn += 1
    with app.app_context():
        rows = set(map(tuple, db.session.execute(select(AuditEvent.id, AuditEvent.mac))))
    missing, twice = rows - set(read), len(read) - len(set(read))
    print(f"  {len(read)} lines of {len(rows)} rows on standard output, {len(missing)} rows without a line, "
          f"{torn} torn")  # fmt: skip
    wrong = [f"{twice} lines were printed twice"] if twice else []
    foreign = set(read) - rows
    return wrong + ([f"{len(foreign)} lines of rows that are not on the trail"] if foreign else [])


def judge(app: Flask, soak: Soak) -> list[str]:
    """Compare the trail with what the browsers saw; return what is wrong."""
    with app.app_context():
        statement = select(AuditEvent).order_by(AuditEvent.id)
        rows = [row for row in db.session.scalars(statement) if row.subject_id or row.details]
        wrong = [f"a code was accepted twice, as two browsers saw: {email}" for email in soak.twice]
        for event in SEEN:
            kinds = ENDED if event in ENDED else (event,)
            there = Counter(row.subject_id for row in rows if row.event in kinds)
            lost = Counter(soak.successes[event]) - there
            seen = len(soak.successes[event])
            print(f"  {event:<22} {sum(there.values()):>7} rows, {seen:>7} seen by browsers")
            wrong += [f"{event}: {count} rows lost of user {who}" for who, count in lost.items()]
        saved = [row for row in rows if row.event == "policy.changed"]
        there = Counter(row.details["after"]["remember_days"] for row in saved)
        seen = len(soak.successes["rule saved"])
        print(f"  {'policy.changed':<22} {len(saved):>7} rows, {seen:>7} seen by browsers")
        wrong += [
            f"policy.changed: row lost of {days} days"
            for days in Counter(soak.successes["rule saved"]) - there
        ]
        return wrong + list(_accepted_twice(rows, soak))


def _accepted_twice(rows: list[AuditEvent], soak: Soak) -> list[str]:
    """Return the rounds with more than one accepted code. A round has only the codes of one time step."""
    used: Counter[tuple[int, float]] = Counter()
    accounts = {account.id: account for account in [*soak.accounts, *soak.staff.values()]}
    for row in rows:
        if row.event in ("code.accepted", "authenticator.linked"):
            moment = row.at.timestamp()
            begun = [began for began in accounts[row.subject_id].rounds if began <= moment]
            used[row.subject_id, begun[-1] if begun else 0] += 1
    rounds = sum(len(account.rounds) for account in accounts.values())
    print(f"  {sum(used.values())} codes accepted in {len(used)} of {rounds} rounds of one step each")
    return [
        f"{count} codes of user {who} accepted in one round"
        for (who, _at), count in used.items()
        if count > 1
    ]
