"""`second-gate jobs`: what the site does by itself, listed and done once from the terminal."""

from datetime import timedelta

from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.operations.jobs import JOBS
from mfa_app.models import OneTimeLink, OutboxMail
from tests.support.databases import both_databases
from tests.support.terminal import Typist, done
from tests.support.world import World


def test_all_jobs_are_listed(typed: Typist) -> None:
    head, *rows = done(typed("jobs", "list")).splitlines()
    assert head.split() == ["JOB", "EVERY", "WHAT", "IT", "DOES"]
    assert [row.split()[0] for row in rows] == [job.name for job in JOBS]
    seconds = ["30", *["60"] * (len(JOBS) - 2), "10"]
    assert [row.split()[1:3] for row in rows] == [[number, "s"] for number in seconds]


@both_databases
def test_all_jobs_run_once_and_print_their_results(world: World, typed: Typist) -> None:
    world.person("alice")
    with world.data():
        one_time_links.create(Purpose.INVITATION, world.user("alice"), now=world.clock() - timedelta(days=9))
        outbox.enqueue(Mail.LINKED, world.user("alice"), now=world.clock())
        world.user("alice").created_at -= timedelta(days=1)  # so that there is a day to note
    assert done(typed("jobs", "run")).splitlines() == [
        "resets: 0 links emailed",
        "mail: 1 email sent",
        "purge: 1 row deleted",
        "counts: 0 rows summed up",
        "ends: 0 accounts disabled",
        "end-mails: 0 emails queued",
        "stream: left to the running site",
        "anchor: anchor written",
        "reminders: 0 people reminded",
        "rule-mails: 0 emails queued",
        "imports: 0 imports saved",
        "trend: 1 bar noted",
        "node: left to the running site",
    ]
    assert world.count(OutboxMail, OutboxMail.sent_at.is_(None)) == 0
    assert world.count(OneTimeLink, OneTimeLink.purpose == Purpose.INVITATION) == 0
    assert (world.settings.instance_path / "anchors").exists()
    assert done(typed("jobs", "run")).splitlines() == [
        "resets: 0 links emailed",
        "mail: 0 emails sent",
        "purge: 0 rows deleted",
        "counts: 0 rows summed up",
        "ends: 0 accounts disabled",
        "end-mails: 0 emails queued",
        "stream: left to the running site",
        "anchor: nothing to write today",
        "reminders: 0 people reminded",
        "rule-mails: 0 emails queued",
        "imports: 0 imports saved",
        "trend: 0 bars noted",
        "node: left to the running site",
    ]


def test_a_failed_job_is_reported_and_the_others_run(world: World, typed: Typist) -> None:
    world.person("alice")
    (world.settings.instance_path / "anchors").mkdir()
    (world.settings.instance_path / "outbox").write_text("a file where the folder should be")
    with world.data():
        one_time_links.create(Purpose.INVITATION, world.user("alice"), now=world.clock() - timedelta(days=9))
        outbox.enqueue(Mail.LINKED, world.user("alice"), now=world.clock())
        world.user("alice").created_at -= timedelta(days=1)  # so that there is a day to note
    result = typed("jobs", "run")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[2:] == [
        "purge: 1 row deleted",
        "counts: 0 rows summed up",
        "ends: 0 accounts disabled",
        "end-mails: 0 emails queued",
        "stream: left to the running site",
        "anchor: failed (IsADirectoryError)",
        "reminders: 0 people reminded",
        "rule-mails: 0 emails queued",
        "imports: 0 imports saved",
        "trend: 1 bar noted",
        "node: left to the running site",
    ]
    assert "Failed: anchor." in result.stderr
