"""Still pictures from files, whatever their depth, channels and colour space, as RGB."""

import warnings
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from streamproc.errors import PictureError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture's pixels, (H, W, 3) uint8 RGB; 16 bits lose their lower 8, alpha is dropped.

    Raises PictureError: it can't be read, is no picture, is cut short, or has more than 178 million pixels.
    """
    try:
        coded = path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path}: can't be read ({error.strerror})") from error
    _check(path)
    # OpenCV keeps 16-bit colour and CMYK right, which Pillow does not; but it is silent about what is missing.
    decoded = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    if decoded is None:
        raise PictureError(f"{path}: is a picture that can't be decoded; save it as PNG or JPEG")
    return np.asarray(decoded, np.uint8)


def _check(path: Path) -> None:
    """Raise PictureError unless the whole picture is there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                picture.load()
    except Image.DecompressionBombError as error:
        raise PictureError(f"{path}: has more than 178 million pixels, which is more than can be examined") from error
    except UnidentifiedImageError as error:
        raise PictureError(f"{path}: is no picture, or of an unknown kind; save it as PNG or JPEG") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError(f"{path}: is broken or cut short ({error}); get the whole file") from error
