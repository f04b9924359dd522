"""Sites that are served once for many tests: what one test has shown them is gone in the next."""

from mfa_app.core.operations import site_values
from tests.support.clock import SharedClock
from tests.support.databases import both_databases
from tests.support.served_site import SharedSites, at_once
from tests.support.waiting import wait_until
from tests.support.world import TERMINAL, World

HINT = "This site is not set up yet"
OURS = "Our gate"


def login_pages(world: World) -> list[tuple[bool, bool]]:
    """Ask so often at once that both processes answer; say of each page what it knows."""
    pages = at_once(*[lambda: world.visitor().open("/login")] * 10)
    return [(HINT in page.text, OURS in page.text) for page in pages]


@both_databases
def test_no_process_remembers_anything_of_a_database_that_was_put_back(
    sites: SharedSites, shared_clock: SharedClock
) -> None:
    world = World.of(sites.proxied(), shared_clock)
    world.person("carol")
    with world.data():
        site_values.store({"display_name": OURS}, actor=TERMINAL)
    wait_until(lambda: login_pages(world) == [(False, True)] * 10)  # both have read what is stored
    sites.proxied()
    assert login_pages(world) == [(True, False)] * 10
