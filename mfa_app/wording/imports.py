"""Words for imports of people: what a row does, and why one is left out."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from mfa_app.core.imports.plan import LONGEST_NUMBER, Outcome, PlannedRow, Problem
from mfa_app.models import ImportRow

_OUTCOMES = {
    Outcome.NEW: _l("New"),
    Outcome.CHANGED: _l("Changed"),
    Outcome.SAME: _l("Same"),
    Outcome.WRONG: _l("Left out"),
    Outcome.DISABLED: _l("Disabled"),
    Outcome.KEPT: _l("Left alone"),
    Outcome.LEAVES: _l("Leaves the group"),
}

_PROBLEMS: dict[Problem, str] = {
    Problem.EMAIL: _l("This isn't an email address. Enter one like name@company.com."),
    Problem.DUPLICATE: _l("Line %(about)s has the same email address. Keep one of the two."),
    Problem.LOOKALIKE: _l(
        "The address has letters that look like ordinary ones but are others: %(about)s. Correct it, or add "
        "this person by hand."
    ),
    Problem.NAME: _l("The name is too long, or has characters that can't be shown. Correct it."),
    Problem.NUMBER: _l(
        "The directory number is longer than %(most)s characters, or can't be shown. Correct it.",
        most=LONGEST_NUMBER,
    ),
    Problem.LAST_DAY: _l("“%(about)s” can be read in more than one way, or isn't a day. Write 2027-03-31."),
    Problem.ROLE: _l("There is no role “%(about)s” that you can give. Use staff, helpdesk or admin."),
    Problem.OTHER_ROLE: _l(
        "This person has another role. An import changes no roles: leave the cell empty, and change the role "
        "by itself."
    ),
    Problem.GROUP: _l("There is no group “%(about)s”. Create it, or let the import create missing groups."),
    Problem.OWN_ACCOUNT: _l("This is your own account. Ask another administrator to change it."),
    Problem.PRIVILEGED: _l("An import ends no account of an administrator or of the help desk."),
    Problem.NOT_TICKED: _l(
        "This person is not in the file. The box that disables such accounts was not ticked."
    ),
    Problem.DIRECTORY_SAYS_DISABLED: _l("The file says that this account is disabled."),
}


def outcome_name(outcome: str) -> str:
    """Return what a row does, in a word or two."""
    return str(_OUTCOMES[Outcome(outcome)])


def problem_sentence(row: PlannedRow | ImportRow) -> str:
    """Return why a row is left out, or a person left alone, and what to do. "" if nothing is wrong."""
    return str(_PROBLEMS[Problem(row.problem)]) % {"about": row.about} if row.problem else ""


def result_titles() -> tuple[str, str]:
    """Return the headings of the two columns that an import adds to its file."""
    return _("Result"), _("What to do")


def result_words(row: ImportRow) -> tuple[str, str]:
    """Return the cells of a row in these columns."""
    return outcome_name(row.outcome), problem_sentence(row)
