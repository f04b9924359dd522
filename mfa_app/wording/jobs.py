"""The words for timed work: what each job does, and what it did."""

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.core.operations import jobs
from mfa_app.core.operations.jobs import Job, Result


def description(job: Job) -> str:
    """Return what a job does."""
    return {
        jobs.RESETS.name: _("Email a link to people who forgot their password"),
        jobs.MAIL.name: _("Send the emails that are due"),
        jobs.PURGE.name: _("Delete what has expired"),
        jobs.COUNTS.name: _("Sum up the counts of people and groups"),
        jobs.ENDS.name: _("Disable accounts whose last day is over"),
        jobs.END_MAILS.name: _("Tell people by email when their account, exemption or invitation ends"),
        jobs.STREAM.name: _("Print the events of commands, as lines of the audit trail"),
        jobs.ANCHOR.name: _("Write the end of the audit trail to the file anchors, once a day"),
        jobs.REMINDERS.name: _("Email reminders to link an app, if someone asked for many"),
        jobs.RULE_MAILS.name: _("Email those who must link that a rule comes or has begun, or time ends"),
        jobs.IMPORTS.name: _("Read files of people, save them once that is asked for, and invite new people"),
        jobs.TREND.name: _("Note once a day how far each group has come in a roll-out"),
        jobs.NODE.name: _("Note that this node is running, for commands on the other nodes"),
    }[job.name]


def result_in_words(result: Result) -> str:
    """Return what a job did, or that it failed."""
    if result.error is not None:
        return _("failed (%(kind)s)", kind=type(result.error).__name__)
    if result.count is None:
        return _("left to the running site")
    return {
        jobs.RESETS.name: ngettext("%(num)s link emailed", "%(num)s links emailed", result.count),
        jobs.MAIL.name: ngettext("%(num)s email sent", "%(num)s emails sent", result.count),
        jobs.PURGE.name: ngettext("%(num)s row deleted", "%(num)s rows deleted", result.count),
        jobs.COUNTS.name: ngettext("%(num)s row summed up", "%(num)s rows summed up", result.count),
        jobs.ENDS.name: ngettext("%(num)s account disabled", "%(num)s accounts disabled", result.count),
        jobs.END_MAILS.name: ngettext("%(num)s email queued", "%(num)s emails queued", result.count),
        jobs.STREAM.name: ngettext("%(num)s event printed", "%(num)s events printed", result.count),
        jobs.ANCHOR.name: _("anchor written") if result.count else _("nothing to write today"),
        jobs.REMINDERS.name: ngettext("%(num)s person reminded", "%(num)s people reminded", result.count),
        jobs.RULE_MAILS.name: ngettext("%(num)s email queued", "%(num)s emails queued", result.count),
        jobs.IMPORTS.name: ngettext("%(num)s import saved", "%(num)s imports saved", result.count),
        jobs.TREND.name: ngettext("%(num)s bar noted", "%(num)s bars noted", result.count),
        jobs.NODE.name: _("noted"),
    }[result.job.name]
