"""`second-gate jobs ...`: the timed work of the site, which its workers do while they serve."""

import click
from flask import current_app
from flask_babel import gettext as _

from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import CommandError, command_transaction
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.output import print_line, say, table
from mfa_app.core.operations import jobs
from mfa_app.core.operations.jobs import JOBS, Job
from mfa_app.core.operations.leases import Holder
from mfa_app.wording.jobs import description, result_in_words


@click.group("jobs")
def commands() -> None:
    """List the timed work of the site, or do it once now."""


@commands.command("list")
@json_option
@command_transaction
def list_(*, as_json: bool) -> None:
    """List all jobs, how often each runs, and what it does."""
    if as_json:
        say(*json_lines([json_facts.job(job) for job in JOBS]))
        return
    head = (_("JOB"), _("EVERY"), _("WHAT IT DOES"))
    rows = [(job.name, _every(job), description(job)) for job in JOBS]
    say(*table(head, rows))


@commands.command("run")
@command_transaction
def run() -> None:
    """Run every job once now, and print what each did. The exit code is 1 if one failed."""
    failed, holder = [], Holder(current_app.app_context)
    for job in JOBS:
        result = jobs.run_unless_running(job, holder)
        print_line(f"{job.name}: {result_in_words(result)}")  # at once: each job has committed its own work
        if result.error is not None:
            failed.append(job.name)
    if failed:
        raise CommandError(_("Failed: %(jobs)s. The errors are in the output above.", jobs=", ".join(failed)))


def _every(job: Job) -> str:
    return _("%(num)s s", num=round(job.interval.total_seconds()))
