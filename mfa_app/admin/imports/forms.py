"""The forms of an import: the file with what it is meant to do, and the button that saves it."""

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectChoice, SelectField, TextAreaField
from wtforms.validators import ValidationError

from mfa_app.core.common import text
from mfa_app.core.common.errors import ImportFileRefused
from mfa_app.core.imports.plan import ImportOptions, Mode
from mfa_app.models import Group
from mfa_app.web.ui.fields import AS_TYPED, INVALID_CHOICE, FileField, entered
from mfa_app.web.ui.forms import Form


class ImportForm(Form):
    """A file or pasted lines, and what they are meant to do."""

    file = FileField(_l("File"), render_kw={"accept": ".csv,.txt,.tsv,text/csv,text/plain"})
    lines = TextAreaField(
        _l("Or paste the lines"),
        render_kw={**AS_TYPED, "rows": 6},
    )
    mode = RadioField(
        _l("What to do"),
        default=Mode.ADD,
        choices=[
            SelectChoice(Mode.ADD, _l("Add people who are new, and leave the others as they are")),
            SelectChoice(Mode.UPDATE, _l("Add people who are new, and update the others")),
            SelectChoice(Mode.REPLACE, _l("Make these people the members of a group")),
        ],
        invalid_choice_message=INVALID_CHOICE,
    )
    group = SelectField(_l("Which group"), default="", invalid_choice_message=INVALID_CHOICE)
    create_groups = BooleanField(_l("Create groups that do not exist yet"))
    leavers = BooleanField(_l("Show people who are missing from this file"))
    invite = BooleanField(_l("Send the new people an invitation"))

    def offer(self, groups: Iterable[Group]) -> None:
        """Set the groups to choose from."""
        self.group.choices = {"": _("Choose a group"), **{str(group.id): group.name for group in groups}}

    def validate_file(self, field: FileField) -> None:
        """Ask for a file or for lines, and not for both."""
        if not field.data and not (self.lines.data or "").strip():
            raise ValidationError(_("Choose a file, or paste lines below."))
        if field.data and (self.lines.data or "").strip():
            raise ValidationError(_("Send a file or pasted lines, not both."))

    def validate_group(self, field: SelectField) -> None:
        """Ask for the group whose members these people become."""
        if self.mode.data == Mode.REPLACE and not field.data:
            raise ValidationError(_("Choose the group whose members these people become."))

    def refuse_file(self, refusal: ImportFileRefused) -> None:
        """Show why a file can't be read, where it came from."""
        self.refuse(refusal, "file" if self.file.data else "lines")

    def content(self) -> bytes:
        """Return what was sent."""
        if self.file.data:
            sent: bytes = self.file.data.read()
            return sent
        return entered(self.lines.data).encode()

    def file_name(self) -> str:
        """Return what the file is called, or "" for pasted lines."""
        return text.escape(self.file.data.filename or "?") if self.file.data else ""

    def options(self) -> ImportOptions:
        """Return how the file is meant."""
        mode = Mode(entered(self.mode.data))
        group_id = int(entered(self.group.data)) if mode is Mode.REPLACE else None
        return ImportOptions(mode, group_id, bool(self.leavers.data), bool(self.create_groups.data))


class SaveForm(Form):
    """The button that saves an import, and whether the people are disabled whom the file does not name."""

    disable = BooleanField()
