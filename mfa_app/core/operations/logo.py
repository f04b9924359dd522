"""The site's logo: a picture that an administrator sends. It is redrawn, so only its pixels are served."""

from hashlib import sha256

from sqlalchemy import delete

from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.operations import site_values
from mfa_app.core.operations.site_values import LOGO
from mfa_app.extensions import db
from mfa_app.models import SiteLogo
from mfa_app.site import site

MAX_BYTES = 512 * 1024

MAX_SIDE = 2000  # pixels


class KeptLogo:
    """The picture that this process has read last, so that no visitor makes it read one again and again."""

    def __init__(self) -> None:
        self.newest = "", b""  # version and picture, one value: other threads read it meanwhile


def change(data: bytes, *, actor: Actor) -> bool:
    """Make a picture the logo. Return whether it is another. Raises LogoRefused, NotAllowed, SessionEnded."""
    # Loaded with the first logo: Pillow takes memory that no login needs.
    from mfa_app.core.operations.logo_picture import redrawn

    picture = redrawn(data)
    version = sha256(picture).hexdigest()[:16]
    begin_change(actor, Permission.MANAGE_SITE)
    before = site_values.stored().get(LOGO, "")
    if version == before:
        return False
    db.session.execute(delete(SiteLogo).where(SiteLogo.version.not_in([before, version])))
    db.session.merge(SiteLogo(version=version, picture=picture))
    return site_values.store({LOGO: version}, actor=actor)


def remove(*, actor: Actor) -> bool:
    """Show the site's own mark again. Return whether there was a logo. Raises NotAllowed, SessionEnded."""
    begin_change(actor, Permission.MANAGE_SITE)
    db.session.execute(delete(SiteLogo))
    return site_values.store({LOGO: ""}, actor=actor)


def find(version: str) -> bytes | None:
    """Return a logo as a PNG, or None if there is none of this version any more."""
    kept, picture = site()[KeptLogo].newest
    if kept == version:
        return picture
    row = db.session.get(SiteLogo, version)
    if row is None:
        return None
    site()[KeptLogo].newest = version, row.picture
    return row.picture
