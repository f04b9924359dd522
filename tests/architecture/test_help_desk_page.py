"""docs/help-desk.md is true: each button, field and page that it names is in the templates or in wording."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PACKAGE = HOUSE / "mfa_app"
PAGE = (HOUSE / "docs" / "help-desk.md").read_text("utf-8")
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
QUOTED = re.compile(r"‘(.+?)’")
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
SENTENCE = re.compile(rf"\b_l?\(\s*((?:{LITERAL.pattern}\s*)+)")
ADVICE = {"bold", "Don't reset"}  # what is bold and on no screen
LONGEST_QUOTE = 30  # words that can be said in one breath


def named() -> list[str]:
    """Return the names of buttons, fields and pages: what is bold, or quoted within what is said."""
    found = [*BOLD.findall(PAGE), *QUOTED.findall(PAGE)]
    return sorted({" ".join(name.split()) for name in found} - ADVICE)


@cache
def words_of_pages() -> frozenset[str]:
    """Return all sentences and names of templates, forms and wording."""
    files = (path for path in PACKAGE.rglob("*.*") if path.suffix in (".html", ".py"))
    return frozenset(
        "".join(map(ast.literal_eval, LITERAL.findall(literals)))
        for path in files
        if path.relative_to(PACKAGE).parts[0] != "cli"
        for literals in SENTENCE.findall(path.read_text("utf-8"))
    )


def test_the_page_names_many_things() -> None:
    assert len(named()) > 40


@pytest.mark.parametrize("name", named())
def test_what_the_page_names_is_on_a_page(name: str) -> None:
    assert name in words_of_pages()


def test_a_new_password_comes_before_the_pass_that_it_would_end() -> None:
    lost, made = (PAGE.partition(f"\n## {part}\n")[2] for part in ("The phone is lost", "The access pass"))
    assert lost.index("The new password comes first") < lost.index("Then reset from the person's page")
    assert "New password first, then make the pass." in made.partition("\n## ")[0]
    promised = [line for line in PAGE.splitlines() if "You'll see a QR code" in line]
    assert not promised


def test_the_words_to_say_are_short() -> None:
    spoken = re.findall(r"^ *> (.+?)(?=\n *\n|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert len(spoken) > 12
    for words in map(str.strip, spoken):
        assert words.startswith("“") and words.endswith("”")
        assert len(words.split()) <= LONGEST_QUOTE, words


def test_its_links_lead_to_its_own_headings() -> None:
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.+)$", PAGE, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= headings
