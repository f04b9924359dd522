from typing import Any

class Select:
    @classmethod
    def render_option(cls, choice: Any) -> str: ...
