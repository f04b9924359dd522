"""What a browser is called: "Firefox on Windows", so that people recognise their own."""

from flask_babel import gettext as _
from ua_parser import parse


def browser_name(user_agent: str) -> str:
    """Return the name of the browser and of its system, as far as its user agent tells."""
    found = parse(user_agent)
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or _("Unknown browser")
