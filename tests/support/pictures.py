"""QR codes where nobody looks: choosing the best of eight masks takes longer than all the rest of drawing.

A camera reads a picture with any of them. So the mask of the first picture of a size does for all others of
that size, except where a test is about pictures.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qrcode import QRCode

_best = QRCode.best_mask_pattern
_chosen: dict[int, int] = {}


def choose_masks_once() -> None:
    """Let this process choose one mask for each size of picture, by its number of modules."""
    QRCode.best_mask_pattern = _chosen_once  # type: ignore[assignment, method-assign]


@contextmanager
def masks_as_in_production() -> Iterator[None]:
    """Let the best mask be chosen for each picture meanwhile."""
    QRCode.best_mask_pattern = _best  # type: ignore[method-assign]
    try:
        yield
    finally:
        choose_masks_once()


def _chosen_once(code: QRCode[Any]) -> int:
    if code.version not in _chosen:
        _chosen[code.version] = _best(code)
    return _chosen[code.version]
