from typing import Any

from markupsafe import Markup

def html_params(**attributes: object) -> Markup: ...

class Select:
    @classmethod
    def render_option(cls, choice: Any) -> str: ...
