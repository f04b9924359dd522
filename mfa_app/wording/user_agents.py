"""Browser names such as "Firefox on Windows", by which users recognise their own sessions."""

from flask_babel import gettext as _
from ua_parser import parse

# ua-parser repeats whatever name a robot gives itself, and a security mail would show it as if this site had
# written it. Only names in these lists are shown.
BROWSERS = frozenset(
    [
        "Chrome",
        "Chrome Mobile",
        "Chrome Mobile iOS",
        "Chrome Mobile WebView",
        "Chromium",
        "HeadlessChrome",
        "Firefox",
        "Firefox Mobile",
        "Firefox iOS",
        "Safari",
        "Mobile Safari",
        "Mobile Safari UI/WKWebView",
        "Edge",
        "Edge Mobile",
        "IE",
        "IE Mobile",
        "Opera",
        "Opera Mobile",
        "Opera Mini",
        "Opera Touch",
        "Samsung Internet",
        "Vivaldi",
        "Brave",
        "Yandex Browser",
        "UC Browser",
        "MIUI Browser",
        "Huawei Browser",
        "DuckDuckGo",
        "DuckDuckGo Mobile",
        "Konqueror",
        "Epiphany",
        "SeaMonkey",
        "Pale Moon",
        "Android",
        "curl",
        "Wget",
        "Python Requests",
        "Python-urllib",
    ]
)

SYSTEMS = frozenset(
    [
        "Windows",
        "Windows Phone",
        "Mac OS X",
        "iOS",
        "Android",
        "Linux",
        "Ubuntu",
        "Debian",
        "Fedora",
        "Chrome OS",
        "FreeBSD",
        "OpenBSD",
        "NetBSD",
        "KaiOS",
        "Tizen",
        "HarmonyOS",
    ]
)


def browser_name(user_agent: str) -> str:
    """Return the name of the browser and its system, as far as the user agent is known."""
    return known_browser(user_agent) or _("Unknown browser")


def known_browser(user_agent: str) -> str | None:
    """Return the same, or None if the browser isn't known."""
    found = parse(user_agent)
    browser = _listed(found.user_agent.family if found.user_agent else None, BROWSERS)
    system = _listed(found.os.family if found.os else None, SYSTEMS)
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser


def _listed(name: str | None, names: frozenset[str]) -> str | None:
    return name if name in names else None
