"""What the soak's users do repeatedly, and what they saw."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from stress.browser import Browser, ConnectionLost, Response
from stress.company import Account
from stress.workers import WorkerKiller
from tests.support.phone import Phone
from tests.support.world import PASSWORD

USERS = 8


class Soak:
    """What eight users, an administrator and a help desk do, and what they saw."""

    def __init__(
        self, site: str, accounts: list[Account], staff: dict[str, Account], group_ids: list[int], seed: int
    ) -> None:
        self.site, self.accounts, self.staff = site, accounts, staff
        self.group_ids, self.seed = group_ids, seed
        self.over = threading.Event()
        self.seen: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.successes: dict[str, list[int]] = defaultdict(list)  # event: subjects, or values of rules
        self.twice: list[str] = []
        self.lock = threading.Lock()

    def note(self, what: str, about: int | None = None) -> None:
        """Record what a browser has seen."""
        with self.lock:
            self.seen[what] += 1
            if about is not None:
                self.successes[what].append(about)

    def ask(self, browser: Browser, path: str, **fields: str) -> Response:
        """Open a path, or send a form to it, and count the response."""
        answer = browser.post(path, **fields) if fields else browser.open(path)
        with self.lock:
            self.statuses[answer.status] += 1
        return answer

    def repeat(self, action: Callable[..., object], *arguments: object) -> None:
        """Repeat an action until the soak is over. Lost connections are expected."""
        while not self.over.is_set():
            try:
                action(*arguments)
            except ConnectionLost:
                self.note("connection lost")
                time.sleep(0.2)

    def log_in_someone(self, rng: random.Random) -> None:
        """Log in with a user whose last login was long enough ago."""
        account = rng.choice(self.accounts)
        if not account.free.acquire(blocking=False):
            return
        try:
            if account.rested():
                self.log_in(account, rng)
            else:
                time.sleep(0.05)
        finally:
            account.free.release()

    def log_in(self, account: Account, rng: random.Random) -> None:
        """Pass the gates that are required right now, open the home page and log out."""
        browser = Browser(self.site, account.ip_address)
        try:
            path = self.give_password(browser, account)
            if path == "/enrolment":
                path = self.enrol(browser, account)
            elif path == "/login/code":
                if account.shown:  # the app was enrolled and no response came
                    account.secret, account.shown = account.shown, ""
                path = self.give_code(browser, account, rng)
            if path == "/":
                self.note("home" if self.ask(browser, "/").status == 200 else "not home")
                if self.ask(browser, "/logout", x="").status == 302:
                    self.note("login.ended", account.id)
        finally:
            browser.close()

    def give_password(self, browser: Browser, account: Account) -> str:
        """Enter the password and return the path it leads to."""
        self.ask(browser, "/login")
        answer = self.ask(browser, "/login", email=account.email, password=PASSWORD)
        if answer.status != 302:
            self.note(f"password answered {answer.status}")
            return ""
        self.note("password.accepted", account.id)
        answer = self.ask(browser, "/")
        return "/" if answer.status == 200 else answer.location.partition("?")[0]

    def give_code(self, browser: Browser, account: Account, rng: random.Random) -> str:
        """Enter the code of this step once, from two browsers at once, or again after it was accepted."""
        how, second = rng.choice(["once", "once", "once", "at once", "again"]), None
        self.ask(browser, "/login/code")
        if how != "once":
            second = Browser(self.site, account.ip_address)
            if self.give_password(second, account) != "/login/code":
                how = "once"
            else:
                self.ask(second, "/login/code")
        code = account.code()
        account.rounds.append(time.time())
        browsers = [browser, second] if how == "at once" else [browser]
        with ThreadPoolExecutor(2) as pool:
            got_in = list(pool.map(lambda one: self.post_code(one, account, code), browsers))
        if how == "again" and second is not None:
            got_in.append(self.post_code(second, account, code))
        if second is not None:
            second.close()
        self.note(f"code {how}")
        if got_in.count(True) > 1:
            self.twice.append(account.email)
        return "/" if got_in[0] else ""

    def post_code(self, browser: Browser, account: Account, code: str) -> bool:
        """Return True if the code was accepted."""
        before = browser.session()
        try:
            self.ask(browser, "/login/code", code=code, remember="y")
        except ConnectionLost:
            self.note("connection lost with a code")
            return False
        # The page also redirects if no code is required any more, so only a new session shows success.
        if browser.session() not in (None, before):
            self.note("code.accepted", account.id)
            return True
        self.note("code opened nothing")
        return False

    def enrol(self, browser: Browser, account: Account) -> str:
        """Scan the QR code of the enrolment page and press Enable."""
        page = self.ask(browser, "/enrolment")
        if not page.secret:
            return ""
        account.shown = page.secret
        phone = Phone(f"otpauth://totp/x?secret={page.secret}", lambda: datetime.now(UTC))
        account.rounds.append(time.time())
        answer = self.ask(browser, "/enrolment", code=phone.code())
        if answer.status != 302 or answer.location != "/":
            return ""
        account.secret, account.shown = page.secret, ""
        self.note("authenticator.linked", account.id)
        return "/"

    def log_in_staff(self, name: str, browser: Browser) -> None:
        """Log in as an administrator or the help desk, or reauthenticate."""
        account = self.staff[name]
        while not account.rested() and not self.over.is_set():
            time.sleep(1)
        browser.cookies.clear()
        if self.give_password(browser, account) == "/login/code":
            self.ask(browser, "/login/code")
            account.rounds.append(time.time())
            self.post_code(browser, account, account.code())

    def administer(self, browser: Browser, rng: random.Random) -> None:
        """Change the rule of a group: how long devices are remembered, and whether a code is required."""
        group_id, days = rng.choice(self.group_ids), rng.randrange(1, 365)
        path = f"/admin/groups/{group_id}/policy"
        page = self.ask(browser, path)
        if page.status != 200:
            return self.log_in_staff("carol", browser)
        switched_on = {"required": "y"} if group_id == self.group_ids[0] or rng.random() < 0.5 else {}
        fields = {"grace_days": "0", "remember_days": str(days), "version": page.version, **switched_on}
        if self.ask(browser, path, **fields).status == 302:
            self.note("rule saved", days)
        time.sleep(rng.uniform(0.2, 1))
        return None

    def help(self, browser: Browser, rng: random.Random) -> None:
        """Reset a user, whatever that user is doing right now."""
        account = rng.choice(self.accounts)
        path = f"/admin/people/{account.id}/reset"
        if self.ask(browser, path).status != 200:
            return self.log_in_staff("dave", browser)
        if self.ask(browser, path, checked="called back", reason="Phone lost, called back").status == 302:
            self.note("second_factor.reset", account.id)
        time.sleep(rng.uniform(0.5, 2))
        return None

    def run(self, killer: WorkerKiller, seconds: float) -> None:
        """Let all users act for this many seconds, with the killer running."""
        jobs = [
            (self.repeat, self.log_in_someone, random.Random(f"{self.seed} {number}"))
            for number in range(USERS)
        ]
        desks = Browser(self.site, "192.0.2.1"), Browser(self.site, "192.0.2.2")
        jobs.append((self.repeat, self.administer, desks[0], random.Random(f"{self.seed} carol")))
        jobs.append((self.repeat, self.help, desks[1], random.Random(f"{self.seed} dave")))
        jobs.append((killer.run, self.over))
        with ThreadPoolExecutor(len(jobs)) as pool:
            running = [pool.submit(*job) for job in jobs]
            end = time.monotonic() + seconds
            while time.monotonic() < end and not any(one.done() for one in running):
                time.sleep(1)
            self.over.set()
            for one in running:
                one.result()
