"""A QR code as a picture inside the page, so that the secret never has an address of its own."""

import base64
import io

import qrcode
from qrcode.constants import ERROR_CORRECT_M

PIXELS_A_MODULE = 6

QUIET_ZONE_MODULES = 4  # ISO/IEC 18004 wants four on every side


def data_uri(text: str) -> str:
    """Return a black-on-white PNG of the text's QR code as a `data:` address."""
    code = qrcode.QRCode(
        error_correction=ERROR_CORRECT_M, box_size=PIXELS_A_MODULE, border=QUIET_ZONE_MODULES
    )
    code.add_data(text)
    code.make(fit=True)
    picture = io.BytesIO()
    code.make_image(fill_color="black", back_color="white").save(picture, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode("ascii")
