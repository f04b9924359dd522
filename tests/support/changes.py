"""What may happen to alice, by one verb or two, within the transaction of `world.data()`."""

from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Role
from tests.support.world import CALLED_BACK, TERMINAL, World


def reset(world: World, name: str = "alice") -> None:
    """Her 2-factor authentication is reset."""
    reset_second_factor(
        world.user(name), reason="lost", checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
    )


def end_access(world: World, name: str = "alice") -> None:
    """Her access is ended."""
    accounts.end_access(world.user(name), actor=TERMINAL)


def disable(world: World, name: str = "alice") -> None:
    """Her account is closed."""
    accounts.disable(world.user(name), actor=TERMINAL, now=world.clock())


def disable_and_enable(world: World) -> None:
    """Her account is closed, and opened again."""
    disable(world)
    accounts.enable(world.user("alice"), actor=TERMINAL, now=world.clock())


def change_role(world: World, name: str = "alice") -> None:
    """She comes to the help desk."""
    profile = Profile(f"{name}@example.com", name.capitalize(), Role.HELPDESK)
    accounts.edit(world.user(name), profile, actor=TERMINAL, now=world.clock())
