"""`make css`: writes mfa_app/static/bootstrap.css, the part of Bootstrap that the pages use.

All of it is 232 KB, of which the pages use a fifteenth. A rule stays if the templates have its elements and
its classes, and a variable if anything reads it.
"""

import re
from collections.abc import Iterator
from importlib.resources import files

import tinycss2
from tinycss2.ast import AtRule, Node, QualifiedRule

from mfa_app.settings import PROJECT_ROOT

APP = PROJECT_ROOT / "mfa_app"
TRIMMED = APP / "static" / "bootstrap.css"
WHOLE = files("flask_bootstrap") / "static" / "bootstrap5" / "css" / "bootstrap.min.css"
# Elements that WTForms writes, and those that no template has to name.
MORE_ELEMENTS = {"html", "body", "input", "select", "option", "optgroup", "textarea"}
MORE_CLASSES = {"btn-primary", "btn-danger"}  # the templates put their names together

CLASSES = re.compile(r"""class(?:_)?=["']([^"']*)["']|look = \(?["']([^"']*)["']|["'](form-[\w -]+)["']""")
NAME = r"[A-Za-z][\w-]*"
# What is left of a selector without these is the names of its elements.
BESIDES_ELEMENTS = re.compile(rf"\[[^\]]*\]|::?[\w-]+(?:\([^()]*\))?|[.#]{NAME}")
VARIABLE = re.compile(r"(--bs-[\w-]+):[^;}]*(?:;|(?=}))")


def main() -> None:
    """Write the file."""
    TRIMMED.write_text(trimmed(), "utf-8")


def trimmed() -> str:
    """Return the part of Bootstrap that the pages use, with its licence."""
    whole = WHOLE.read_text("utf-8")
    licence = whole[whole.index("/*!") : whole.index("*/") + 2]
    rules = tinycss2.parse_stylesheet(whole, skip_comments=True, skip_whitespace=True)
    css = "\n".join(_kept(rules, *_in_templates()))
    return f"{licence}\n{_without_unread_variables(css)}\n"


def _in_templates() -> tuple[set[str], set[str]]:
    """Return the classes and the elements that the templates have."""
    text = "".join(path.read_text("utf-8") for path in sorted((APP / "templates").rglob("*.html")))
    classes = {name for found in CLASSES.findall(text) for name in re.findall(NAME, " ".join(found))}
    return classes | MORE_CLASSES, {*re.findall(r"<([a-z][a-z0-9]*)", text), *MORE_ELEMENTS}


def _kept(rules: list[Node], classes: set[str], elements: set[str]) -> Iterator[str]:
    """Yield the rules, without the selectors that nothing on the pages matches."""
    for rule in rules:
        if isinstance(rule, QualifiedRule):
            selectors = _selectors(tinycss2.serialize(rule.prelude))
            matching = [selector for selector in selectors if _matches(selector, classes, elements)]
            if matching:
                yield f"{','.join(matching)}{{{tinycss2.serialize(rule.content)}}}"
        elif isinstance(rule, AtRule) and rule.lower_at_keyword in ("media", "supports"):
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if kept := "".join(_kept(inner, classes, elements)):
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{kept}}}"


def _selectors(prelude: str) -> list[str]:
    """Return the selectors of a list, split at the commas outside brackets."""
    return re.split(r",(?![^()]*\))", prelude)


def _matches(selector: str, classes: set[str], elements: set[str]) -> bool:
    if "[data-bs-theme" in selector and "light" not in selector:
        return False
    names = re.findall(NAME, BESIDES_ELEMENTS.sub("", selector))
    return elements.issuperset(names) and classes.issuperset(re.findall(rf"\.({NAME})", selector))


def _without_unread_variables(css: str) -> str:
    """Return the rules without the variables that no rule reads, ours included, nor any that are left."""
    ours = "".join(
        path.read_text("utf-8") for path in sorted((APP / "static").glob("*.css")) if path != TRIMMED
    )
    fewer = _without_unread(css, set(re.findall(r"var\((--bs-[\w-]+)", css + ours)))
    while fewer != css:
        css, fewer = fewer, _without_unread(fewer, set(re.findall(r"var\((--bs-[\w-]+)", fewer + ours)))
    return re.sub(r"[^{}\n]+\{\}\n?", "", css)


def _without_unread(css: str, read: set[str]) -> str:
    return VARIABLE.sub(lambda found: found[0] if found[1] in read else "", css)


if __name__ == "__main__":
    main()
