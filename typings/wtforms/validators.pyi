from wtforms import Field, Form

class ValidationError(ValueError):
    def __init__(self, message: str = "") -> None: ...

class _Validator:
    def __call__(self, form: Form, field: Field) -> None: ...

class DataRequired(_Validator):
    def __init__(self, message: str | None = None) -> None: ...

class InputRequired(_Validator):
    def __init__(self, message: str | None = None) -> None: ...

class Length(_Validator):
    def __init__(self, min: int = -1, max: int = -1, message: str | None = None) -> None: ...

class NumberRange(_Validator):
    def __init__(
        self, min: float | None = None, max: float | None = None, message: str | None = None
    ) -> None: ...

class Optional(_Validator):
    def __init__(self) -> None: ...
