"""Odd names of sites and people: a camera, a library and oathtool read what the site holds."""

import base64
import io
import shutil
import subprocess
from datetime import UTC, datetime

import pyotp
import pytest
import zxingcpp
from PIL import Image

from mfa_app.core.factors import totp
from mfa_app.web.ui import qr
from tests.support.odd_names import PAIRS

SECRET = base64.b32encode(b"12345678901234567890").decode()
SIDE_ON_THE_PAGE = (248, 248)

pytestmark = pytest.mark.usefixtures("true_masks")


def drawn(site: str, person: str) -> Image.Image:
    """Return the QR code as it is sent."""
    uri = totp.provisioning_uri(SECRET, account=person, issuer=site)
    return Image.open(io.BytesIO(base64.b64decode(qr.data_uri(uri).partition(",")[2])))


@pytest.mark.parametrize(("site", "person"), PAIRS)
def test_a_camera_and_a_library_read_odd_names(site: str, person: str) -> None:
    picture = drawn(site, person).resize(SIDE_ON_THE_PAGE, Image.Resampling.NEAREST)
    scanned = zxingcpp.read_barcode(picture)
    assert scanned is not None
    assert scanned.text == totp.provisioning_uri(SECRET, account=person, issuer=site)
    read = pyotp.parse_uri(scanned.text)
    assert isinstance(read, pyotp.TOTP)
    assert (read.issuer, read.name) == (totp.label_of(site), totp.label_of(person))
    assert (read.secret, read.digits, read.interval) == (SECRET, totp.DIGITS, totp.PERIOD_SECONDS)


@pytest.mark.parametrize(("site", "characters"), [("Firma", 19), ("Second Gate", 11)])
def test_the_qr_code_of_a_usual_name_is_small(site: str, characters: int) -> None:
    modules = 37 + 2 * qr.QUIET_ZONE_MODULES
    assert drawn(site, f"{'a' * characters}@firma.nl").width == modules * qr.PIXELS_A_MODULE


@pytest.mark.skipif(not shutil.which("oathtool"), reason="oathtool is not installed")
@pytest.mark.parametrize("seconds", [59, 1111111109, 1234567890, 2000000000])
def test_a_program_that_takes_the_defaults_for_granted_computes_the_right_code(seconds: int) -> None:
    secret = totp.new_secret()
    command = ["oathtool", "--totp", "--base32", f"--now=@{seconds}", secret]
    code = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert totp.matching_step(secret, code, now=datetime.fromtimestamp(seconds, UTC)) == seconds // 30
