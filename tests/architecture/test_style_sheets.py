"""The style sheets: what the pages load is what they use."""

from bin.trim_bootstrap import TRIMMED, WHOLE, trimmed


def test_the_part_of_bootstrap_is_what_the_pages_use_now() -> None:
    assert TRIMMED.read_text("utf-8") == trimmed(), "Run make css."


def test_it_is_a_tenth_of_the_whole_at_most() -> None:
    assert TRIMMED.stat().st_size < len(WHOLE.read_bytes()) / 10
