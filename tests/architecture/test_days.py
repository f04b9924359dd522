"""Days and times are written, and made of one another, in one place: elsewhere the zone is forgotten."""

import re
from pathlib import Path

import mfa_app

PACKAGE = Path(mfa_app.__file__).parent
WRITING = re.compile(
    r"\bformat_(date|time|datetime|timedelta)\b|\b(date|time|datetime)format\b|toLocale\w*String"
)
MAKING = re.compile(r"datetime\.combine\(|\.date\(\)|\.today\(\)|fromtimestamp\(|strptime\(|ZoneInfo\(")
WRITERS = {
    "wording/dates.py",
    "web/mail_composer.py",  # the Date header of an email
}
MAKERS = {
    "core/common/days.py",
    "settings/__init__.py",  # the zone itself
    "settings/values.py",
    "admin/audit/forms.py",  # the trail is searched by days in UTC
}


def files_with(pattern: re.Pattern[str]) -> set[str]:
    """Return the files of the package in which this occurs."""
    files = [file for kind in ("py", "html", "txt", "js") for file in PACKAGE.rglob(f"*.{kind}")]
    return {
        file.relative_to(PACKAGE).as_posix()
        for file in files
        if "migrations" not in file.parts and pattern.search(file.read_text("utf-8"))
    }


def test_dates_are_written_in_one_place() -> None:
    assert files_with(WRITING) == WRITERS


def test_days_become_times_in_one_place() -> None:
    assert files_with(MAKING) == MAKERS


def test_the_script_in_the_browser_leaves_days_alone() -> None:
    marked = {
        file.relative_to(PACKAGE).as_posix(): re.findall(r"<time[^>]*data-local[^>]*>.*?</time>", text)
        for file in (PACKAGE / "templates").rglob("*.html")
        if "data-local" in (text := file.read_text("utf-8"))
    }
    assert list(marked) == ["templates/components/parts.html"]
    (shown,) = marked["templates/components/parts.html"]
    assert "short_time" in shown
