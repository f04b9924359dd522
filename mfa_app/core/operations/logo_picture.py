"""Redraws a picture that somebody sends, small, so that nothing of its file is served but its pixels."""

from io import BytesIO

from PIL import Image, ImageOps

from mfa_app.core.common.errors import LogoRefused
from mfa_app.core.operations.logo import MAX_BYTES, MAX_SIDE

SHOWN = (480, 96)  # pixels: three times as many as the header has room for, for sharp screens

FORMATS = ("PNG", "JPEG", "WEBP")

# Pillow refuses what has more before it makes room for it.
Image.MAX_IMAGE_PIXELS = MAX_SIDE**2


def redrawn(data: bytes) -> bytes:
    """Return a picture as a small PNG without anything but its pixels. Raises LogoRefused.

    Its size is read before it is decoded, and only by the decoders of FORMATS.
    """
    if len(data) > MAX_BYTES:
        raise LogoRefused("too large")
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as sent:
            if max(sent.size) > MAX_SIDE:
                raise LogoRefused("too many pixels")
            turned = ImageOps.exif_transpose(sent)
            pixels = (turned.convert("RGB") if turned.mode == "CMYK" else turned).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise LogoRefused("too many pixels") from None
    except LogoRefused:
        raise
    except Exception:
        raise LogoRefused("no picture") from None
    pixels.thumbnail(SHOWN)
    clean, written = Image.new("RGBA", pixels.size), BytesIO()
    clean.paste(pixels)
    clean.save(written, "PNG", optimize=True)
    return written.getvalue()
