"""Fills the templates: everything in one file, pictures as data, each text in both languages."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import jinja2
import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from streamproc import __version__
from streamproc.errors import ConfigError
from streamproc.training.report.texts import LANGUAGES, Number, Said, Share, Spoken, say

Picture = NDArray[np.uint8]
_WIDEST = 1280  # pixels of a frame in the page


def write_page(path: Path, template: str, values: dict[str, Any]) -> Path:
    """Fill a template of this package and write it. Raises ConfigError when the file can't be written."""
    folder = Path(__file__).parent / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=t, attribute=attribute, share=Share, number=Number, version=__version__)
    environment.globals["today"] = datetime.now(UTC).date().isoformat()
    text = environment.get_template(template).render(values)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: the report can't be written ({error.strerror})") from error
    return path


def t(text: str | Spoken, /, **values: object) -> Markup:
    """Return an entry of the table, or a number, as an element a language; the page shows one of them."""
    said = say(text, **values) if isinstance(text, str) else text
    elements = [
        Markup('<span class="t" lang="{}">{}</span>').format(language, said.text(language)) for language in LANGUAGES
    ]
    return Markup().join(elements)


def attribute(name: str, text: str | Said, /, **values: object) -> Markup:
    """Return an attribute in English, and what the page's script needs to change its language."""
    said = say(text, **values) if isinstance(text, str) else text
    english, russian = (escape(said.text(language)) for language in LANGUAGES)
    return Markup('{0}="{1}" data-attribute="{0}" data-en="{1}" data-ru="{2}"').format(name, english, russian)


def crop_data(picture: Picture) -> str:
    """Return a small picture, (h, w), (h, w, 3) RGB or (h, w, 4) RGBA uint8, as a data URI without loss."""
    return _encoded(picture, ".png", "image/png")


def frame_data(picture: Picture) -> str:
    """Return a frame, (H, W, 3) uint8 RGB, as a data URI, reduced to what a page can show."""
    height, width = picture.shape[:2]
    if width > _WIDEST:
        size = (_WIDEST, round(height * _WIDEST / width))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _encoded(picture, ".jpg", "image/jpeg")


def _encoded(picture: Picture, suffix: str, media_type: str) -> str:
    codes = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    native = picture if picture.ndim == 2 else cv2.cvtColor(picture, codes[picture.shape[2]])
    _, encoded = cv2.imencode(suffix, native)
    return f"data:{media_type};base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"
