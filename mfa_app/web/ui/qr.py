"""QR codes as images inside the page, so that the secret never has a URL of its own."""

import base64
import io

PIXELS_A_MODULE = 6

QUIET_ZONE_MODULES = 4  # ISO/IEC 18004 requires four on every side


def data_uri(text: str) -> str:
    """Return the QR code of a text as a black-on-white PNG in a `data:` URI."""
    # Loaded with the first app that is linked: they take 5 MiB, which no login needs.
    import qrcode
    from qrcode.constants import ERROR_CORRECT_L
    from qrcode.image.pil import PilImage

    code = qrcode.QRCode(
        error_correction=ERROR_CORRECT_L,  # nothing soils a screen, and fewer modules are larger ones
        box_size=PIXELS_A_MODULE,
        border=QUIET_ZONE_MODULES,
        image_factory=PilImage,
    )
    code.add_data(text)
    code.make(fit=True)
    picture = io.BytesIO()
    code.make_image(fill_color="black", back_color="white").save(picture, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode("ascii")
