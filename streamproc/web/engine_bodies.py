"""What may be sent about channels and their models."""

from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from streamproc.config import Box, ChannelSettings, Name
from streamproc.logic.order_lines import LONGEST_NAME
from streamproc.web.bodies import Author, Body
from streamproc.web.moments import Moment

LONGEST_LESSON_S = 6 * 3600
_LONGEST_ADDRESS = 2000


def _one_line(value: str) -> str:
    """Refuse what can't stand in an address or a path. Raises ValueError."""
    if len(value) > _LONGEST_ADDRESS or not value.isprintable():
        raise ValueError(f"write it on one line of at most {_LONGEST_ADDRESS} letters")
    return value


Address = Annotated[str, AfterValidator(_one_line)]


class NewChannel(ChannelSettings):
    """A channel to be added: a `[[channels]]` table as JSON; what is left out or null takes its default."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    title: Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_one_line)] = ""
    """Name for people; the short name when left out."""
    url: Address | None = None
    """What to pull: rtmp(s)://, http(s)://….m3u8, udp://, tcp://, or a file's path."""
    listen: Address | None = None
    """Where to wait for a push: rtmp://, udp:// or tcp://. Give either this or ``url``."""


class ChannelBody(NewChannel):
    """All settings of a channel: what is left out or null takes its default; an address as it was shown stays."""

    name: Name = "x"
    """May be left out; a channel keeps its name."""


class LessonBody(Body):
    """From what a model shall be learnt."""

    from_: Annotated[Moment, Field(alias="from")]
    """Where the stretch of the recording begins; 5 minutes or more with an advert break are needed, 10 are better."""
    to: Moment
    """Where it ends."""
    region: Box | None = None
    """The part of the picture to search, "x,y,width,height" in fractions of it; the whole of it when left out."""
    choose: Annotated[int, Field(ge=1, le=99)] | None = None
    """The number of the mark that is the bug, where several stay on the picture."""
    author: Author | None = None
    """Who wants it; who is signed in, wherever somebody is."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        length_s = (self.to - self.from_).total_seconds()
        if length_s <= 0:
            raise ValueError("it ends before it begins")
        if length_s > LONGEST_LESSON_S:
            raise ValueError(f"it is longer than {LONGEST_LESSON_S // 3600} hours; half an hour with breaks is plenty")
        return self


class UseBody(Body):
    """Who has a model used."""

    author: Author | None = None
    """Who says so; who is signed in, wherever somebody is."""
