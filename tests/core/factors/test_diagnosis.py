"""What is computed for a wrong code: the same for each, however near it was, and not much."""

import pyotp
import pytest

from mfa_app.core.common.errors import ExplainedCode
from mfa_app.core.factors import diagnosis
from mfa_app.core.keys.vault import CannotUnseal, vault
from mfa_app.extensions import db
from mfa_app.models import FormerApp
from tests.support.refusals.scene import logged_in
from tests.support.world import World

MOST = 300  # HMACs for five apps and five that no longer count: 2.5 ms


@pytest.fixture
def world(world: World) -> World:
    """A site on which alice has an app, and another one that was reset."""
    world.linked_earlier("alice")
    world.reset("alice")
    world.link_and_wait("alice")
    return world


def test_every_wrong_code_costs_the_same_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[int] = []
    truly = pyotp.TOTP.generate_otp
    monkeypatch.setattr(
        pyotp.TOTP, "generate_otp", lambda totp, step: computed.append(step) or truly(totp, step)
    )
    phone, costs = world.phones["alice"], []
    with world.data():
        subject = logged_in(world, "alice").subject
        for code in (phone.wrong_code(), *(phone.code(steps=steps) for steps in (-20, -2, 2, 20, 21))):
            computed.clear()
            diagnosis.of_login(subject, code, now=world.clock())
            costs.append(len(computed))
    assert len(set(costs)) == 1
    (of_one_app, of_a_former_app) = costs[0] - 3, 3
    assert 5 * (of_one_app + of_a_former_app) <= MOST


def test_a_former_app_that_no_key_opens_is_in_nobodys_way(world: World) -> None:
    """The same holds for its reset: an app that can't be read is not kept."""
    with world.data():
        former = db.session.query(FormerApp).one()
        former.sealed_secret = former.sealed_secret[:-8] + "AAAAAAA="
        db.session.flush()
        with pytest.raises(CannotUnseal):
            vault().unseal(former.sealed_secret, former.seal_context)
        subject = logged_in(world, "alice").subject
        code = world.phones["alice"].wrong_code()
        assert not isinstance(diagnosis.of_login(subject, code, now=world.clock()), ExplainedCode)
