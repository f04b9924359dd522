"""The commands in README and operating guide: `make guide` runs each block, or the block says why not."""

import re

from mfa_app.settings import PROJECT_ROOT
from stress.guide_blocks import DOCUMENTS, blocks


def test_each_block_is_run_or_says_why_not() -> None:
    found = list(blocks())
    assert {block.document for block in found if not block.not_run} == set(DOCUMENTS)
    assert len([block for block in found if not block.not_run]) >= 8
    assert all(len(block.not_run.split()) >= 3 for block in found if block.not_run)


def test_code_is_written_only_where_the_service_can_read_it() -> None:
    for block in blocks():
        if not block.not_run and re.search(r"git (clone|pull|checkout)|\bpip install", block.text):
            assert "\numask 022" in f"\n{block.text}", block.name


def test_nothing_that_root_runs_is_given_to_the_service() -> None:
    for document in DOCUMENTS:
        text = (PROJECT_ROOT / document).read_text("utf-8")
        assert not re.search(r"(chown|install)[^\n]*second-gate[^\n]* /opt", text)
        assert "--home /opt" not in text
