"""What the fuzzer sends: requests as no browser makes them, made up by Hypothesis around real addresses."""

import json
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

# fmt: off
WHO = (
    "nobody", "staff", "administrator",
)
METHODS = (
    "GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get",
    "G!",
)
ODD = (
    "", " ", "0", "-1", "1", "2", "3", "007", "1e3", "1e309", "NaN", "9" * 18, "9" * 19, "9" * 400, "½",
    "²", "١٢٣٤٥٦", "\uff11\uff12\uff13\uff14\uff15\uff16", "123456", "000000", "\x00", "a\x00b",
    "\r\nSet-Cookie: a=b", "\u202e", "\ufeff", "\ud800", "\udcff", "é", "é", "ß", "İ", "ﬃ",
    "👩\u200d🚀" * 30, "x" * 300, "x" * 5000, "%s%n", "%", "%zz", "{{7*7}}", "${7*7}",
    "<script>alert(1)</script>", "' OR '1'='1", '";--', "../../etc/passwd", "//e.com", "////e.com",
    "/\\e.com", "http://[", "javascript:1", "y", "on", "true", "[]", "{}", "null", "2026-02-30",
    "0001-01-01", "9999-12-31", "+275760-09-13", "2026-11-24", "0000-00-00", "a@b", "a@b.c", "@",
    "a@\u0661.de", "carol@example.com", "alice@example.com", "ALICE@EXAMPLE.COM\n", "admin", "staff",
    "helpdesk", "csrf_token",
)
FIELDS = (
    "email", "password", "code", "remember", "current", "name", "role", "groups", "reason", "until",
    "required", "required_from", "grace_days", "remember_days", "confirm", "back", "next", "q", "after",
    "before", "person", "linked", "event", "from", "to", "page", "group", "member", "user", "submit",
    "csrf_token", "at", "since", "state",
)
HEADERS = (
    "Host", "Referer", "Origin", "Accept", "Accept-Language", "Accept-Encoding", "User-Agent", "Range",
    "If-None-Match", "If-Modified-Since", "If-Range", "Authorization", "X-CSRFToken",
    "X-HTTP-Method-Override", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
    "X-Forwarded-Prefix", "Forwarded", "X-Real-IP", "Content-Encoding", "Expect", "Cookie", "Date",
    "Max-Forwards", "Upgrade", "Sec-Fetch-Site", "DNT", "TE",
)
HEADER_VALUES = (
    "", "*/*", "de", "de;q=x", "tlh-QQ;q=9e9", "bytes=0-", "bytes=-1", "bytes=5-2,x", 'W/"x"', "*",
    "gzip", "Sat, 99 Xxx 9999 99:99:99 GMT", "Basic Og==", "Basic ÿ", "Bearer x", "127.0.0.1", "::1",
    "localhost", "localhost:99999", "e.com", "[::1", "a, b, c", "https", "DELETE", "100-continue", "h2c",
    "ÿþ", "x" * 4000, "=", ";;;", "a=b; a=c", "sid=x; form=.; known=..; device-00=x",
    "http://localhost/%00", "null", "\t",
)
CONTENT_TYPES = (
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16",
    "text/plain", "application/x-www-form-urlencoded; charset=nothing", "application/json",
    "multipart/form-data", "", "ÿ", "multipart/form-data; boundary=x", "multipart/form-data; boundary=",
    "multipart/mixed; boundary=x", "/", ";",
)
COOKIES = (
    "form", "sid", "known", "device-00000000", "remember_token", "session", "x",
)
# fmt: on


@dataclass(frozen=True)
class Made:
    """A request as it was made up; `{token}` in its body stands for the CSRF token of whoever sends it."""

    who: str
    method: str
    path: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | None = None
    content_type: str = ""


odd = st.one_of(st.sampled_from(ODD), st.sampled_from(ODD), st.text(max_size=24))
header_value = st.one_of(
    st.sampled_from(HEADER_VALUES),
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30),
)
cookie_value = st.one_of(
    st.sampled_from(("", "x", ".", "..", "eyJ.x.y", "x" * 3000, '"', "a b", "\xe9", "%00")),
    st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters=";\x7f"), max_size=20),
)
name = st.one_of(*[st.sampled_from(FIELDS)] * 4, odd)
pairs = st.lists(st.tuples(name, odd), max_size=7)
queries = st.one_of(st.just([]), st.just([]), pairs)
gaps = st.lists(st.one_of(*[st.sampled_from(("1", "2", "3"))] * 2, odd), min_size=3, max_size=3)


def requests(patterns: list[list[str]]) -> st.SearchStrategy[Made]:
    """Return requests around the site's addresses; a pattern is its fixed parts with gaps between them."""
    return st.builds(
        _made,
        st.sampled_from((*METHODS, *["GET", "POST"] * 12)),
        paths(patterns),
        st.one_of(st.just([]), st.lists(st.tuples(st.sampled_from(HEADERS), header_value), max_size=4)),
        st.one_of(
            *[st.just([])] * 4, st.lists(st.tuples(st.sampled_from(COOKIES), cookie_value), max_size=2)
        ),
        bodies(),
    )


def _made(method, path, headers, cookies, body) -> Made:
    content, kind = body if method != "GET" else (None, "")
    return Made("nobody", method, path, headers, cookies, content, kind)


def paths(patterns: list[list[str]]) -> st.SearchStrategy[bytes]:
    """Return real addresses with odd parts, sometimes with an odd query; and bytes that are no address."""

    def fill(pattern: list[str], gaps: list[str], query: list[tuple[str, str]], raw: bool) -> bytes:
        parts = [pattern[0]]
        for gap, fixed in zip(gaps, pattern[1:], strict=False):
            parts += [gap if raw else quote(gap, errors="surrogatepass"), fixed]
        path = "".join(parts).encode("utf-8", "surrogatepass")
        return path + (b"?" + _encoded(query) if query else b"")

    real = st.builds(fill, st.sampled_from(patterns), gaps, queries, st.just(False))
    raw = st.builds(fill, st.sampled_from(patterns), gaps, queries, st.booleans())
    noise = st.one_of(st.binary(max_size=40), odd.map(lambda text: text.encode("utf-8", "surrogatepass")))
    return st.one_of(*[real] * 8, raw, noise.map(lambda content: b"/" + content))


def bodies() -> st.SearchStrategy[tuple[bytes | None, str]]:
    """Return bodies with the type that they claim to be: forms mostly, with the right token as a rule."""
    form_type = st.sampled_from((*[CONTENT_TYPES[0]] * 12, *CONTENT_TYPES))
    tokens = st.sampled_from(("{token}", "{token}", "{token}", "{token}", "", "x"))
    forms = st.builds(lambda fields, token: _encoded([("csrf_token", token), *fields]), pairs, tokens)
    values = st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), odd),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
        ),
        max_leaves=6,
    )
    as_json = values.map(lambda value: json.dumps(value).encode())
    parts = st.builds(_multipart, pairs, tokens)
    large = st.sampled_from((b"x" * 65537, b"a=" + b"b" * 64000, b"&" * 5000, b"a&" * 2000))
    return st.one_of(
        st.tuples(forms, form_type),
        st.tuples(forms, form_type),
        st.tuples(forms, form_type),
        st.tuples(st.one_of(st.none(), st.binary(max_size=60)), st.sampled_from(CONTENT_TYPES)),
        st.tuples(as_json, st.sampled_from(("application/json", CONTENT_TYPES[0]))),
        st.tuples(parts, st.just("multipart/form-data; boundary=x")),
        st.tuples(large, st.sampled_from(CONTENT_TYPES)),
    )


def _encoded(fields: list[tuple[str, str]]) -> bytes:
    """Return the fields as a form sends them; the placeholder of the token stays as it is."""
    return urlencode(fields, errors="surrogatepass").replace("%7Btoken%7D", "{token}").encode()


def _multipart(fields: list[tuple[str, str]], token: str) -> bytes:
    out = []
    for name, value in [("csrf_token", token), *fields]:
        filename = '; filename="a.txt"' if len(value) % 5 == 4 else ""
        out.append(f'--x\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n{value}\r\n')
    end = "--x--\r\n" if len(fields) % 3 else ""
    return ("".join(out) + end).encode("utf-8", "surrogatepass")
