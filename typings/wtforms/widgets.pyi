from typing import Any

def html_params(**attributes: object) -> str: ...

class Select:
    @classmethod
    def render_option(cls, choice: Any) -> str: ...
