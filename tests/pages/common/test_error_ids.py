"""An unexpected error is found in the log by the id that its page shows."""

import logging
import re
from unittest import mock

import pytest
from sqlalchemy.exc import OperationalError

from tests.support.world import World


@pytest.mark.parametrize(
    ("error", "status"), [(ZeroDivisionError(), 500), (OperationalError("SELECT", {}, Exception()), 503)]
)
def test_the_page_and_the_log_line_of_an_unexpected_error_carry_the_same_id(
    world: World, caplog: pytest.LogCaptureFixture, error: Exception, status: int
) -> None:
    world.person("alice")
    alice = world.password_given("alice")

    def view() -> None:
        raise error

    with (
        caplog.at_level(logging.ERROR),
        mock.patch.dict(world.app.view_functions, {"account.home": view}),
    ):
        pages = [alice.open("/"), alice.open("/")]
    ids = [re.search(r"error ID: ([0-9a-f]{8})\b", page.text)[1] for page in pages]
    assert [page.status for page in pages] == [status, status]
    assert len(set(ids)) == 2
    for error_id, line in zip(ids, caplog.records, strict=True):
        assert f"(error ID {error_id})" in line.getMessage()
        assert line.exc_info[1] is error


def test_a_page_about_the_visitors_own_mistake_has_no_error_id(world: World) -> None:
    assert "error ID" not in world.visitor().open("/nowhere").text
