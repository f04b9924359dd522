"""A command that could not be tried ends with one sentence, like one that was refused."""

from unittest import mock

from mfa_app.core.common.errors import HashingQueueFull
from mfa_app.core.passwords import hashing
from mfa_app.models import User
from tests.support.terminal import Typist, refused
from tests.support.world import PASSWORD, World


def test_a_busy_site_ends_the_command_with_a_sentence(world: World, typed: Typist) -> None:
    with mock.patch.object(hashing, "hash_password", side_effect=HashingQueueFull):
        output = refused(typed("users", "add", "alice@example.com", "--password-stdin", stdin=PASSWORD))
    assert output == "Too many people are logging in right now. Try again in a few seconds."
    assert world.count(User) == 0
