"""The site's speed, as ratios of things measured in the same run: `make bench`.

Absolute numbers depend on the machine and the moment. A ratio shows whether a page got slower than a static
file, or whether a switch for 50,000 people costs more than one for ten.
"""

import http.client
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from argon2 import PasswordHasher
from flask_migrate import upgrade
from sqlalchemy import insert

from bench import storm
from mfa_app import create_app
from mfa_app.core.common import clock, search_words
from mfa_app.core.groups import groups
from mfa_app.core.passwords import hashing
from mfa_app.core.policy import impact, rules
from mfa_app.core.policy.decision import decide
from mfa_app.core.policy.facts import find_subject
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.core.users.directory import UserFilters, search
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, SearchWord, User
from mfa_app.settings import load_settings
from tests.support.processes import workers_of
from tests.support.programs import FreshProgram
from tests.support.served_site import serving
from tests.support.world import PASSWORD, TERMINAL

SECONDS, THREADS, MANY = 3.0, hashing.QUEUE_LIMIT, 50_000  # more at once would get 503


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {"MFA_INSTANCE_PATH": folder, "MFA_TRUSTED_PROXY_HOPS": "1"}
        app = create_app(load_settings(environment), MAIL_IN_BACKGROUND=False)
        with app.app_context():
            upgrade()
            _fill()
            print(f"{'what':<58}{'measured':>16}  ratio")
            _measure_core()
        with serving(environment, program=FreshProgram) as address:
            _over_http(urlsplit(address).netloc)
            storm.measure(urlsplit(address).netloc, workers_of(folder))


def _fill() -> None:
    """Create 50,000 users, a small group and a group with everyone. Alice and 200 others have a password."""
    now, profile = clock.now(), Profile("alice@example.com", "Alice")
    alice = accounts.create(profile, groups=[], password=PASSWORD, actor=TERMINAL, now=now)
    for name in ("Ten", "Everyone", *(f"Group {number}" for number in range(50))):
        groups.create(name, actor=TERMINAL, now=now)
    rows = [
        {
            "email": f"p{number}@example.com",
            "email_key": f"p{number}@example.com",
            "name": f"Person {number}",
            "name_key": f"person {number}",
            "role": "staff",
            "password_hash": alice.password_hash if number < storm.AT_ONCE else None,
            "security_stamp": 0,
            "required": False,
            "created_at": now,
        }
        for number in range(MANY)
    ]
    db.session.execute(insert(User), rows)
    everyone, ten = groups.find("Everyone"), groups.find("Ten")
    users = list(db.session.execute(db.select(User.id, User.name, User.email)))
    ids = [user.id for user in users]
    words = [
        {"word": word, "user_id": user.id}
        for user in users
        if user.id != alice.id
        for word in search_words.words_of(user.name, user.email)
    ]
    db.session.execute(insert(SearchWord), words)
    members = [{"user_id": id_, "group_id": everyone.id, "joined_at": now} for id_ in ids]
    members += [{"user_id": id_, "group_id": ten.id, "joined_at": now} for id_ in ids[:10]]
    db.session.execute(insert(Membership), members)
    in_many = [group.id for group in groups.all_groups() if group.name.startswith("Group")]
    db.session.execute(
        insert(Membership), [{"user_id": ids[100], "group_id": id_, "joined_at": now} for id_ in in_many]
    )
    db.session.commit()


def _measure_core() -> None:
    small, large = groups.find("Ten"), groups.find("Everyone")
    _compare("a switch for 50,000 people : one for 10", _switch(large), _switch(small))
    _compare("the preview for 50,000 : for 10", _preview(large), _preview(small))
    _compare(
        "page of people, last of 50,000 : first",
        lambda: search(UserFilters(), actor=TERMINAL, after="p99"),
        lambda: search(UserFilters(), actor=TERMINAL),
    )
    _compare(
        "a search by name among 50,000 : the first page",
        lambda: search(UserFilters(text="person 4999"), actor=TERMINAL),
        lambda: search(UserFilters(), actor=TERMINAL),
    )
    in_many, in_one = find_subject(101), find_subject(20)
    _compare("the SELECT for a user in 51 groups : in 1", lambda: find_subject(in_many.user.id),
             lambda: find_subject(in_one.user.id))  # fmt: skip
    facts = {"has_code": False, "now": clock.now()}
    _compare(
        "one SELECT for identity : the decision on it",
        lambda: find_subject(in_one.user.id),
        lambda: decide(in_one.facts, **facts),
    )


def _preview(group: Group) -> Callable[[], object]:
    values = RuleValues(required=True, grace_days=7)
    return lambda: impact.preview_impact(group, values, now=clock.now())


def _switch(group: Group) -> Callable[[], None]:
    state = {"on": False}

    def toggle() -> None:
        state["on"] = not state["on"]
        rules.set_rule(group, RuleValues(required=state["on"]), actor=TERMINAL, now=clock.now())
        db.session.commit()

    return toggle


def _compare(what: str, one: Callable[[], object], other: Callable[[], object]) -> None:
    """Print the median time of one thing, and its ratio to the other's."""
    first, second = _median(one), _median(other)
    print(f"{what:<58}{first * 1000:>13.2f} ms  {first / second:.2f}")


def _median(work: Callable[[], object], times: int = 30) -> float:
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begin)
        db.session.rollback()
    return statistics.median(spent)


def _over_http(host: str) -> None:
    cookie = _post_login(http.client.HTTPConnection(host, timeout=60))
    static = _rate(host, lambda connection: _get(connection, "/static/site.css"))
    _print_rate("GET a plain file", static, static)
    _print_rate(
        "GET /login : a plain file", _rate(host, lambda connection: _get(connection, "/login")), static
    )
    home = _rate(host, lambda connection: _get(connection, "/", cookie))
    _print_rate("GET / logged in, one SELECT : a plain file", home, static)
    hashes = _hashes_per_second()
    _print_rate("argon2id alone, 2 at once", hashes, hashes)
    _print_rate("POST /login with a password : argon2id alone", _rate(host, _post_login), hashes)


def _print_rate(what: str, rate: float, base: float) -> None:
    print(f"{what:<58}{rate:>12.1f} /s  {rate / base:.2f}")


def _rate(host: str, work: Callable[[http.client.HTTPConnection], None]) -> float:
    """Return how many times a second several clients together complete a task."""
    done, end = [0] * THREADS, time.perf_counter() + SECONDS

    def client(number: int) -> None:
        connection = http.client.HTTPConnection(host, timeout=60)
        while time.perf_counter() < end:
            work(connection)
            done[number] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / SECONDS


def _hashes_per_second() -> float:
    hasher = PasswordHasher(memory_cost=19456, time_cost=2, parallelism=1)
    hashed = hasher.hash(PASSWORD)
    done, end = [0, 0], time.perf_counter() + SECONDS

    def work(number: int) -> None:
        while time.perf_counter() < end:
            hasher.verify(hashed, PASSWORD)
            done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / SECONDS


def _get(connection: http.client.HTTPConnection, path: str, cookie: str = "") -> bytes:
    connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise SystemExit(f"GET {path}: {response.status}")
    return body


def _post_login(connection: http.client.HTTPConnection) -> str:
    connection.request("GET", "/login")
    response = connection.getresponse()
    page, form = response.read().decode(), response.getheader("Set-Cookie").partition(";")[0]
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    fields = urlencode({"csrf_token": token, "email": "alice@example.com", "password": PASSWORD})
    headers = {"Cookie": form, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/login", fields, headers)
    response = connection.getresponse()
    response.read()
    cookies = [value for name, value in response.getheaders() if name == "Set-Cookie"]
    return "; ".join(cookie.partition(";")[0] for cookie in cookies)


if __name__ == "__main__":
    main()
