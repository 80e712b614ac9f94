"""What the demo shows: the clips of its programmes and of its advert spots."""

from dataclasses import dataclass

from streamproc.demo.paint import (
    BLACK,
    WHITE,
    WIDTH,
    Colour,
    Ink,
    Layer,
    Picture,
    banner,
    false_logo,
    price_tag,
    stamp,
    title,
)
from streamproc.demo.scenes import (
    Card,
    Hills,
    Photo,
    Plain,
    Scene,
    Sea,
    Shapes,
    Stars,
    Studio,
    View,
    Weather,
    eased,
)
from streamproc.demo.sound import BRIGHT, CALM, DEEP, FUNK, HISS, JINGLE, NEWS, WAVES, Tune

NAVY: Colour = (16, 32, 84)
BLUE: Colour = (36, 92, 190)
RED: Colour = (206, 40, 48)
GOLD: Colour = (214, 160, 40)
GREEN: Colour = (30, 140, 90)
PLUM: Colour = (112, 36, 112)
ORANGE: Colour = (232, 110, 30)
TEAL: Colour = (20, 128, 140)


@dataclass(frozen=True, slots=True)
class Caption:
    """A layer that slides in over a shot, stays, and leaves before the shot ends."""

    layer: Layer
    left: int
    top: int
    from_s: float = 0.4
    """When it comes, seconds from the shot's start."""
    stays: bool = False
    """Whether it is there from the first frame to the last."""

    def stamp(self, picture: Picture, time_s: float, left_s: float) -> None:
        """Draw it as it is at this moment of the shot."""
        if self.stays:
            stamp(picture, self.layer, (self.left, self.top))
            return
        shown = eased(min(1.0, max(0.0, (time_s - self.from_s) / 0.4), max(0.0, (left_s - 0.2) / 0.3)))
        stamp(picture, self.layer, (round(self.left - 40 * (1 - shown)), self.top), shown)


@dataclass(frozen=True, slots=True)
class Clip:
    """One shot: a scene, what is written over it, and its sound."""

    scene: Scene
    duration_s: float
    captions: tuple[Caption, ...] = ()
    tune: Tune = CALM

    def draw(self, time_s: float, duration_s: float) -> Picture:
        """Draw the shot, lasting ``duration_s``, at ``time_s`` from its start."""
        picture = self.scene.draw(time_s, time_s / duration_s)
        for caption in self.captions:
            caption.stamp(picture, time_s, duration_s - time_s)
        return picture


def _third(heading: str, line: str, accent: Colour) -> tuple[Caption, ...]:
    return (Caption(banner(heading, line, accent), 70, 546),)


def _move(name: str, start: tuple[float, float, float], stop: tuple[float, float, float]) -> Photo:
    return Photo(name, View(*start), View(*stop))


def programmes(parts: int) -> list[list[Clip]]:
    """Return the shots of so many parts of programme, about 50 s each."""
    made = [_orbit(), _morning(), _evening(), _outdoors()]
    return [made[number % len(made)] for number in range(parts)]


def _orbit() -> list[Clip]:
    return [
        Clip(Stars(), 4.6, (Caption(title("Postcards from Orbit", 84, Ink(WHITE, 800)), 150, 290),), DEEP),
        Clip(_move("rocket.jpg", (0.5, 0.9, 0.55), (0.5, 0.3, 0.7)), 5.4, _third("Launch day", "Florida", BLUE), DEEP),
        Clip(
            _move("astronaut.png", (0.45, 0.1, 0.95), (0.4, 0.3, 0.6)),
            5.0,
            _third("Eileen Collins", "Commander, STS-93", BLUE),
        ),
        Clip(_move("hubble_deep_field.jpg", (0.3, 0.3, 0.35), (0.6, 0.6, 0.8)), 5.6, (), DEEP),
        Clip(Card("moon.png", (60, 70, 130), (10, 12, 34), "The Moon\nour next stop"), 5.2, (), CALM),
        Clip(
            _move("hubble_deep_field.jpg", (0.75, 0.2, 0.3), (0.55, 0.45, 0.3)),
            4.4,
            _third("Ten thousand galaxies", "in a grain of sky", PLUM),
            DEEP,
        ),
        Clip(Studio((38, 76, 150), (6, 12, 40), "Mission control", "what the crew does today"), 5.6, (), NEWS),
        Clip(_move("astronaut.png", (0.75, 0.55, 0.5), (0.7, 0.2, 0.55)), 4.2),
        Clip(
            _move("rocket.jpg", (0.35, 0.4, 0.5), (0.6, 0.5, 0.95)),
            5.2,
            _third("T plus two minutes", "first stage away", BLUE),
            DEEP,
        ),
    ]


def _morning() -> list[Clip]:
    towns = (
        ("Осло", 430, 290, "+7°"),
        ("Riga", 560, 400, "+9°"),
        ("Москва", 900, 390, "+4°"),
        ("Kazan", 1010, 470, "+2°"),
    )
    return [
        Clip(
            _move("coffee.png", (0.5, 0.5, 1.0), (0.45, 0.45, 0.62)),
            5.2,
            _third("Good morning", "Доброе утро", GOLD),
            BRIGHT,
        ),
        Clip(
            _move("chelsea.png", (0.45, 0.4, 0.98), (0.42, 0.42, 0.6)),
            4.6,
            _third("Chelsea", "sleeps fifteen hours a day", GREEN),
        ),
        Clip(Weather(towns), 5.8, (), BRIGHT),
        Clip(
            Hills(((250, 190, 120), (252, 232, 190)), (255, 244, 200), ((196, 140, 110), (130, 96, 100), (66, 54, 74))),
            5.4,
            (),
            CALM,
        ),
        Clip(Card("coffee.png", (170, 110, 60), (60, 30, 20), "Espresso\nin 25 seconds"), 5.0, (), BRIGHT),
        Clip(Studio((110, 60, 130), (26, 10, 44), "Новости", "the morning in three minutes"), 5.4, (), NEWS),
        Clip(
            _move("motorcycle_left.png", (0.3, 0.5, 0.6), (0.7, 0.55, 0.7)),
            4.8,
            _third("In the workshop", "a 1973 twin comes back to life", ORANGE),
        ),
        Clip(_move("chelsea.png", (0.7, 0.5, 0.55), (0.4, 0.5, 0.8)), 4.4),
    ]


def _evening() -> list[Clip]:
    return [
        Clip(
            Sea(((250, 170, 110), (250, 226, 180)), ((70, 130, 170), (40, 98, 150), (22, 66, 120), (12, 40, 86))),
            5.2,
            _third("The regatta", "eleven boats at the start", TEAL),
            WAVES,
        ),
        Clip(Studio((24, 110, 120), (4, 26, 40), "Evening news", "Вечерние новости"), 5.2, (), NEWS),
        Clip(
            _move("gravel.png", (0.3, 0.3, 0.5), (0.6, 0.6, 0.6)),
            4.2,
            _third("Roads", "120 km resurfaced this year", ORANGE),
            HISS,
        ),
        Clip(Card("rocket.jpg", (60, 90, 130), (10, 18, 36), "Next week\non the pad"), 4.8, (), DEEP),
        Clip(
            Hills(((20, 24, 66), (120, 70, 110)), (250, 236, 220), ((60, 50, 96), (38, 32, 70), (16, 14, 36)), 2),
            5.6,
            (),
            DEEP,
        ),
        Clip(
            Photo("camera.png", View(0.5, 0.4, 1.0), View(0.45, 0.35, 0.7), tint=(236, 220, 196)),
            4.6,
            _third("From the archive", "MIT, 1978", PLUM),
        ),
        Clip(_move("motorcycle_left.png", (0.75, 0.4, 0.5), (0.4, 0.5, 0.95)), 4.6, (), FUNK),
    ]


def _outdoors() -> list[Clip]:
    return [
        Clip(
            Hills(
                ((110, 180, 240), (224, 240, 250)), (255, 250, 226), ((140, 176, 150), (84, 136, 96), (40, 88, 58)), 3
            ),
            5.4,
            _third("Above the valley", "twelve days on foot", GREEN),
            CALM,
        ),
        Clip(Photo("grass.png", View(0.3, 0.4, 0.5), View(0.6, 0.6, 0.7), tint=(130, 220, 90)), 4.2, (), HISS),
        Clip(
            _move("chelsea.png", (0.4, 0.3, 0.7), (0.55, 0.5, 1.0)),
            4.6,
            _third("A guest at the camp", "name unknown", GREEN),
        ),
        Clip(
            Sea(((120, 190, 240), (222, 240, 250)), ((90, 170, 200), (50, 130, 180), (24, 92, 150), (12, 60, 110))),
            5.4,
            (),
            WAVES,
        ),
        Clip(Stars(7), 4.4, _third("Perseids", "up to 90 an hour", PLUM), DEEP),
        Clip(
            _move("coffee.png", (0.6, 0.5, 0.6), (0.5, 0.5, 1.0)),
            4.8,
            _third("Back home", "see you next week", GOLD),
            BRIGHT,
        ),
    ]


def spots() -> list[list[Clip]]:
    """Return the advert spots, 5 to 9 s each."""
    return [_motors(), _roast(), _bank(), _paint(), _travel(), _optics(), _toys(), _bricks()]


def _corner(text: str, colour: Colour, *, is_round: bool = False, right: bool = True) -> Caption:
    """A false logo: in the bug's own corner, or in the other."""
    layer = false_logo(text, colour, is_round=is_round)
    left = WIDTH - 58 - layer.shape[1] if right else 56
    return Caption(layer, left, 40, stays=True)


def _slogan(text: str, colour: Colour = WHITE, top: int = 560) -> Caption:
    layer = title(text, 60, Ink(colour, 800))
    return Caption(layer, (WIDTH - layer.shape[1]) // 2, top, from_s=0.1)


def _tag(price: str, colour: Colour) -> Caption:
    return Caption(price_tag(price, colour), 930, 420, from_s=0.5)


def _motors() -> list[Clip]:
    logo = _corner("NOVA", RED)
    return [
        Clip(_move("motorcycle_left.png", (0.2, 0.4, 0.4), (0.35, 0.45, 0.45)), 1.7, (logo,), FUNK),
        Clip(_move("motorcycle_left.png", (0.7, 0.6, 0.3), (0.6, 0.6, 0.35)), 0.7, (logo,), FUNK),
        Clip(Photo("gravel.png", View(0.3, 0.6, 0.4), View(0.8, 0.6, 0.4), tint=(255, 190, 120)), 0.6, (logo,), FUNK),
        Clip(_move("motorcycle_left.png", (0.5, 0.5, 0.7), (0.5, 0.5, 1.0)), 2.0, (logo, _tag("4 990 €", RED)), FUNK),
        Clip(Plain(RED, "NOVA. Drive."), 1.8, (), JINGLE),
    ]


def _roast() -> list[Clip]:
    logo = _corner("B", ORANGE, is_round=True)
    return [
        Clip(
            _move("coffee.png", (0.4, 0.5, 0.35), (0.5, 0.5, 0.5)), 2.2, (logo, _slogan("Brasa. Slow roast.")), BRIGHT
        ),
        Clip(_move("coffee.png", (0.7, 0.3, 0.3), (0.6, 0.35, 0.3)), 1.1, (logo,), BRIGHT),
        Clip(_move("coffee.png", (0.5, 0.6, 0.6), (0.5, 0.5, 0.9)), 2.4, (logo, _tag("3,49 €", ORANGE)), BRIGHT),
        Clip(Plain(WHITE, "Brasa", ORANGE), 1.6, (), JINGLE),
    ]


def _bank() -> list[Clip]:
    return [
        Clip(Plain(WHITE), 1.3, (_slogan("Банк? Другой.", NAVY, 300),), JINGLE),
        Clip(
            Photo("coins.png", View(0.3, 0.3, 0.5), View(0.6, 0.6, 0.7), tint=(255, 206, 110)),
            2.0,
            (_slogan("4,2 % on savings"),),
            CALM,
        ),
        Clip(Shapes((242, 244, 250), (BLUE, GOLD, TEAL), "kvant", NAVY), 2.6, (), JINGLE),
    ]


def _paint() -> list[Clip]:
    return [
        Clip(
            Shapes((250, 214, 40), (RED, BLUE, GREEN, PLUM), "COLORA"),
            2.6,
            (_corner("CO", PLUM, is_round=True),),
            JINGLE,
        ),
        Clip(Plain(GREEN, "green"), 0.5, (), FUNK),
        Clip(Plain(ORANGE, "orange"), 0.5, (), FUNK),
        Clip(Plain(PLUM, "plum"), 0.5, (), FUNK),
        Clip(
            Photo("brick.png", View(0.3, 0.3, 0.6), View(0.5, 0.6, 0.8), tint=(120, 190, 255)),
            2.0,
            (_tag("−30 %", PLUM),),
            FUNK,
        ),
    ]


def _travel() -> list[Clip]:
    sky = ((80, 190, 250), (230, 246, 255))
    water = ((70, 200, 200), (40, 170, 190), (20, 140, 170), (10, 110, 150))
    return [
        Clip(Sea(sky, water), 3.0, (_corner("Azul", TEAL), _slogan("All of August, all inclusive")), WAVES),
        Clip(
            Photo("chelsea.png", View(0.6, 0.4, 0.6), View(0.5, 0.4, 0.7), mirrored=True),
            1.4,
            (_corner("Azul", TEAL),),
            BRIGHT,
        ),
        Clip(Plain(TEAL, "azul.example"), 1.6, (_tag("599 €", ORANGE),), JINGLE),
    ]


def _optics() -> list[Clip]:
    return [
        Clip(
            _move("retina.jpg", (0.5, 0.5, 0.9), (0.45, 0.5, 0.5)),
            2.6,
            (_corner("IRIS", BLUE, right=False), _slogan("See what you miss")),
            CALM,
        ),
        Clip(Plain(BLACK, "Blink."), 1.0, (), HISS),
        Clip(_move("retina.jpg", (0.3, 0.4, 0.4), (0.4, 0.5, 0.6)), 1.6, (_corner("IRIS", BLUE),), CALM),
        Clip(Plain(WHITE, "Iris Optics", BLUE), 1.5, (), JINGLE),
    ]


def _toys() -> list[Clip]:
    return [
        Clip(Shapes((40, 170, 230), (RED, GOLD, WHITE, PLUM), "BOING!"), 2.4, (_corner("Boing", RED),), FUNK),
        Clip(
            Photo("astronaut.png", View(0.45, 0.25, 0.6), View(0.4, 0.3, 0.5), mirrored=True),
            1.4,
            (_corner("Boing", RED),),
            FUNK,
        ),
        Clip(Shapes((230, 60, 120), (GOLD, BLUE, GREEN), "BOING!"), 1.9, (_tag("19,90 €", BLUE),), JINGLE),
    ]


def _bricks() -> list[Clip]:
    logo = _corner("STEIN", (70, 70, 76))
    return [
        Clip(
            Photo("brick.png", View(0.4, 0.4, 0.4), View(0.6, 0.5, 0.6), tint=(240, 130, 96)),
            2.2,
            (logo, _slogan("Built to stay")),
            DEEP,
        ),
        Clip(Photo("gravel.png", View(0.5, 0.5, 0.8), View(0.5, 0.5, 0.5)), 0.9, (logo,), DEEP),
        Clip(Photo("grass.png", View(0.5, 0.5, 0.6), View(0.4, 0.5, 0.5), tint=(150, 210, 110)), 0.9, (logo,), DEEP),
        Clip(Plain((70, 70, 76), "Stein & Sons"), 1.8, (_tag("from 89 €", RED),), JINGLE),
    ]
