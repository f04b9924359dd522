"""Templates escape everything, hold no script or style of their own, and import nothing in vain."""

import re
from collections.abc import Iterator
from pathlib import Path

from mfa_app.core.mail.outbox import Mail

TEMPLATES = Path(__file__).parents[2] / "mfa_app" / "templates"
PAGES = sorted(path for path in TEMPLATES.rglob("*.html") if "email" not in path.parts)


def found(pattern: str, paths: list[Path] = PAGES) -> list[str]:
    """Return where in the templates a pattern is found."""
    return [
        f"{path.relative_to(TEMPLATES)}:{number}: {line.strip()[:80]}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_there_are_templates_to_look_at() -> None:
    assert len(PAGES) > 10


def test_nothing_is_taken_out_of_escaping() -> None:
    every = sorted(path for path in TEMPLATES.rglob("*.*"))
    wrong = found(r"\|\s*safe\b|autoescape\s+false|\bMarkup\b", every)
    assert not wrong, f"Let Jinja escape: {wrong}"


def test_pages_hold_no_style_and_no_script_of_their_own() -> None:
    wrong = found(r"<[a-z][^>]*\s(style|on[a-z]+)=[\"']|<style|<script(?![^>]*\bsrc=)|javascript:")
    assert not wrong, f"The content security policy forbids it; use static/: {wrong}"


def test_pages_load_nothing_from_elsewhere() -> None:
    wrong = found(r"<(script|link|img|iframe)[^>]*(src|href)=[\"'](https?:)?//")
    assert not wrong, f"Nobody else shall learn who logs in here: {wrong}"


def test_every_form_that_posts_has_its_csrf_token() -> None:
    wrong = [
        f"{path.relative_to(TEMPLATES)}: {form[:60]}"
        for path in PAGES
        for form in re.findall(r"<form\b.*?</form>", path.read_text("utf-8"), re.DOTALL)
        if re.search(r"method=[\"'](post|\{\{)", form) and not re.search(r"csrf\(\)|hidden_fields\(", form)
    ]
    assert not wrong, f"Use form_tag, post_button or csrf(): {wrong}"


def imported_names(text: str) -> Iterator[str]:
    for names in re.findall(
        r"{%-?\s*from\s+\"[^\"]+\"\s+import\s+([^%]+?)(?:\s+with\s+context)?\s*-?%}", text
    ):
        yield from (name.split(" as ")[-1].strip() for name in names.split(","))


def test_every_imported_macro_is_used() -> None:
    unused = [
        f"{path.relative_to(TEMPLATES)} imports {name} in vain"
        for path in TEMPLATES.rglob("*.*")
        for text in [path.read_text("utf-8")]
        for name in imported_names(text)
        if not re.search(rf"\b{name}\b", re.sub(r"{%-?\s*from\s[^%]*%}", "", text))
    ]
    assert not unused, unused


def test_every_mail_has_its_file_and_every_file_its_mail() -> None:
    present = {path.stem for path in (TEMPLATES / "email").iterdir()} - {"base"}
    assert present == {mail.value for mail in Mail}


def test_no_line_is_longer_than_a_screen_is_wide() -> None:
    long = found(r"^.{161,}", sorted(path for path in TEMPLATES.rglob("*.*")))
    assert not long, f"Break these lines: {long}"


def test_every_icon_is_used() -> None:
    drawn = re.findall(r'name == "(\w+)"', (TEMPLATES / "components" / "icons.html").read_text("utf-8"))
    pages = "".join(path.read_text("utf-8") for path in PAGES if path.name != "icons.html")
    assert not [name for name in drawn if f'"{name}"' not in pages]
