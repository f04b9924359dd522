# What this site uses of WTForms 3.3. The published types-WTForms describes 3.2, which has no SelectChoice.
# In the body of a form's class a call of a field makes an UnboundField, which each form turns into the field.

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Generic, TypedDict, TypeVar, Unpack

from werkzeug.datastructures import MultiDict
from wtforms.widgets import Select

_F = TypeVar("_F")
_E = TypeVar("_E", bound="Field")

class _Options(TypedDict, total=False):
    filters: Sequence[Callable[[Any], object]]
    default: object
    render_kw: Mapping[str, object]
    widget: Select

class Field:
    id: str
    name: str
    data: object
    object_data: object
    errors: Sequence[str]
    type: str
    render_kw: Mapping[str, object] | None
    def __init__(
        self,
        label: str | None = None,
        validators: Sequence[Callable[..., object]] | None = None,
        **options: Unpack[_Options],
    ) -> None: ...
    def process_formdata(self, valuelist: list[str]) -> None: ...

class StringField(Field):
    data: str | None

class PasswordField(StringField): ...
class TextAreaField(StringField): ...
class HiddenField(StringField): ...
class FileField(Field): ...

class BooleanField(Field):
    data: bool

class SubmitField(BooleanField): ...

class IntegerField(Field):
    data: int | None

class DateField(Field):
    data: date | None

class SelectChoice:
    def __init__(self, value: str, label: str | None = None) -> None: ...

class _ChoicesField(Field):
    choices: Sequence[SelectChoice] | Mapping[str, str | Mapping[str, str]] | None

class SelectField(_ChoicesField):
    data: str | None
    def __init__(
        self,
        label: str | None = None,
        validators: Sequence[Callable[..., object]] | None = None,
        *,
        choices: Iterable[SelectChoice] | Callable[[], Iterable[SelectChoice]] | None = None,
        validate_choice: bool = True,
        invalid_choice_message: str | None = None,
        **options: Unpack[_Options],
    ) -> None: ...

class RadioField(SelectField): ...

class SelectMultipleField(_ChoicesField):
    data: list[int] | None
    def __init__(
        self,
        label: str | None = None,
        validators: Sequence[Callable[..., object]] | None = None,
        *,
        coerce: type[int],  # it could also be a field of texts
        choices: Iterable[SelectChoice] | None = None,
        validate_choice: bool = True,
        invalid_value_message: str | None = None,
        invalid_choice_message: str | None = None,
        **options: Unpack[_Options],
    ) -> None: ...

class Form:
    form_errors: list[str]
    def __init__(self, formdata: MultiDict[str, str] | None = None, **values: object) -> None: ...
    def __iter__(self) -> Iterator[Field]: ...
    def __contains__(self, name: str) -> bool: ...
    def __getitem__(self, name: str) -> Field: ...
    def validate(self) -> bool: ...
    @property
    def errors(self) -> Mapping[str, Sequence[str]]: ...

class FormField(Field, Generic[_F]):
    form: _F
    def __init__(self, form_class: type[_F]) -> None: ...

class FieldList(Field, Generic[_E]):
    entries: list[_E]
    def __init__(self, unbound_field: _E, *, max_entries: int | None = None) -> None: ...
    def append_entry(self, data: object) -> _E: ...
