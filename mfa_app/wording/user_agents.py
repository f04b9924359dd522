"""What a browser is called: "Firefox on Windows", so that people recognise their own."""

from flask_babel import gettext as _
from ua_parser import parse

# Of robots ua-parser repeats whatever they call themselves. That would stand in a mail about a break-in as
# if this site had written it, so only names out of these lists are told.
BROWSERS = (
    "Chrome, Chrome Mobile, Chrome Mobile iOS, Chrome Mobile WebView, Chromium, HeadlessChrome, "
    "Firefox, Firefox Mobile, Firefox iOS, Safari, Mobile Safari, Mobile Safari UI/WKWebView, Edge, "
    "Edge Mobile, IE, IE Mobile, Opera, Opera Mobile, Opera Mini, Opera Touch, Samsung Internet, "
    "Vivaldi, Brave, Yandex Browser, UC Browser, MIUI Browser, Huawei Browser, DuckDuckGo, DuckDuckGo "
    "Mobile, Konqueror, Epiphany, SeaMonkey, Pale Moon, Android, curl, Wget, Python Requests, "
    "Python-urllib"
)

SYSTEMS = (
    "Windows, Windows Phone, Mac OS X, iOS, Android, Linux, Ubuntu, Debian, Fedora, Chrome OS, FreeBSD, "
    "OpenBSD, NetBSD, KaiOS, Tizen, HarmonyOS"
)


def browser_name(user_agent: str) -> str:
    """Return the name of the browser and of its system, as far as its user agent tells."""
    found = parse(user_agent)
    browser = _listed(found.user_agent and found.user_agent.family, BROWSERS)
    system = _listed(found.os and found.os.family, SYSTEMS)
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or _("Unknown browser")


def _listed(name: str | None, names: str) -> str | None:
    return name if name in names.split(", ") else None
