"""The forms about groups. They check the shape of the input; the core checks the rest."""

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import FieldList, FormField, HiddenField, StringField, SubmitField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from mfa_app.admin.policy.foreseen import ForeseenForm
from mfa_app.core.common import clock, email_addresses
from mfa_app.core.common.errors import EmailTaken, NameTaken
from mfa_app.core.users.accounts import Profile
from mfa_app.core.users.typed_people import Meant, by_ids, resolve, split
from mfa_app.models import Group, User
from mfa_app.web.http.converters import is_row_id
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import AS_TYPED, entered, name_field
from mfa_app.web.ui.forms import TOP, Form, shown_at

LONGEST_KEY = Group.name_key.type.length

MOST_AT_ONCE = 50

MOST_NAMES = 10  # each of which is searched for


class NameForm(Form):
    """The name of a group. `another` is the button that asks for one more new group."""

    refusals_at = shown_at("name", NameTaken)

    name = name_field(
        _l("Name"),
        missing=_l("Enter a name."),
        longest=200,
        too_long=_l("Use at most %(max)d characters for the name of a group."),
    )
    another = SubmitField()

    def validate_name(self, field: StringField) -> None:
        """Check the length of the name's comparison key too: letters of some scripts fold into several."""
        if len(email_addresses.fold(field.data or "")) > LONGEST_KEY:
            raise ValidationError(_("This name is too long. Choose a shorter one."))


class NewcomerForm(Form):
    """The address that no account has, and the name of the account that it is to get."""

    class Meta:
        csrf = False

    email = HiddenField()
    name = name_field(
        _l("Name"),
        missing=_l("Enter a name."),
        longest=300,
        too_long=_l("Use at most %(max)d characters for a name."),
    )


class MemberForm(ForeseenForm):
    """Who is to join a group: names and addresses, as lists and mail programs write them.

    If a name fits several people, or nobody has an address, a second page asks: `ticked` are those who are
    chosen there, `newcomers` those who are to be added, and `chosen` says that it was shown.
    """

    refusals_at = shown_at(TOP, EmailTaken)

    email = TextAreaField(
        _l("Names or email addresses"),
        validators=[
            DataRequired(_l("Enter a name or an email address.")),
            Length(max=MOST_AT_ONCE * 400, message=_l("This is too long. Enter fewer people at once.")),
        ],
        render_kw={**AS_TYPED, "rows": 1},
    )
    newcomers = FieldList(FormField(NewcomerForm), max_entries=MOST_AT_ONCE)
    chosen = SubmitField()
    meant = Meant()  # by the text

    def validate_email(self, field: TextAreaField) -> None:
        """Find who is meant. Reject what fits nobody."""
        typed = split(field.data or "")
        if len(typed) > MOST_AT_ONCE:
            raise ValidationError(_("Enter at most %(num)s people at once.", num=MOST_AT_ONCE))
        if sum(not email for email, _name in typed) > MOST_NAMES:
            raise ValidationError(
                _("Enter at most %(num)s names at once, or their email addresses.", num=MOST_NAMES)
            )
        if not typed:
            raise ValidationError(_not_found([field.data or ""]))
        self.meant = resolve(field.data or "", actor=current_actor(), now=clock.now())
        if self.meant.nobody and not self.chosen.data:
            raise ValidationError(_not_found(self.meant.nobody))

    def focus_on_the_error(self) -> None:
        """Give the focus to the first name that is wrong, if one is."""
        super().focus_on_the_error()
        for entry in self.newcomers.entries:
            if entry.form.errors:
                entry.form.focus_on_the_error()
                break

    @property
    def ticked(self) -> list[int]:
        """The ids that are ticked, without those that no row can have."""
        ids = request.form.getlist("people", type=int)
        return list(filter(is_row_id, ids))[:MOST_AT_ONCE]

    @property
    def needs_choice(self) -> bool:
        """Whether the second page must be shown, and has not been."""
        return bool(self.meant.several or self.meant.newcomers) and not self.chosen.data

    @property
    def asks_again(self) -> bool:
        """Whether the second page is to be shown rather than the first."""
        return (self.needs_choice or self.chosen.data) and not self.back.data

    def offer_newcomers(self) -> None:
        """Fill in the names that are guessed, unless names were entered."""
        if not self.newcomers.entries:
            for one in self.meant.newcomers:
                self.newcomers.append_entry({"email": one.email, "name": one.name})

    def users(self) -> list[User]:
        """Return those with an account who are to join."""
        return list({user.id: user for user in (*self.meant.users, *by_ids(self.ticked))}.values())

    def profiles(self) -> list[Profile]:
        """Return those who are to be added: those addresses of the text that have no account even now."""
        names = {one.form.email.data: one.form.name.data for one in self.newcomers.entries}
        wanted = [one.email for one in self.meant.newcomers if one.email in names]
        return [Profile(email, entered(names[email])) for email in wanted]


def _not_found(nobody: list[str]) -> str:
    if len(nobody) == 1:
        return _(
            "Nobody was added: “%(name)s” fits no one, or too many people. Check it, or enter the email "
            "address.",
            name=nobody[0],
        )
    return _(
        "Nobody was added: these fit no one, or too many people: %(names)s. Check them, or enter the email "
        "addresses.",
        names=", ".join(nobody),
    )
