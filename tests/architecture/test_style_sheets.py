"""The style sheets: what the pages load is what they use."""

import pytest

from bin.trim_bootstrap import TRIMMED, WHOLE, trimmed


def test_the_part_of_bootstrap_is_what_the_pages_use_now() -> None:
    assert TRIMMED.read_text("utf-8") == trimmed(), "Run make css."


def test_it_is_a_tenth_of_the_whole_at_most() -> None:
    assert TRIMMED.stat().st_size < len(WHOLE.read_bytes()) / 10


@pytest.mark.parametrize("name", ["site.css", "parts.css"])
def test_no_rule_stands_twice(name: str) -> None:
    lines = TRIMMED.with_name(name).read_text("utf-8").splitlines()
    rules = [line for line in lines if not line.startswith(" ") and line.endswith("}") and "{" in line]
    assert [rule for rule in rules if rules.count(rule) > 1] == []
