"""All words of the reports, in English and Russian, and how numbers are written in either."""

import re
from dataclasses import dataclass
from typing import Literal, Protocol

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = ("en", "ru")


class Spoken(Protocol):
    """Something that reads differently in each language."""

    def text(self, language: Language) -> str:
        """Return it in one language, as plain text."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number with so many decimals."""

    value: float
    """Itself."""
    decimals: int = 0
    """Digits after the point."""

    def text(self, language: Language) -> str:
        """Group by thousands, with a true minus; the decimal mark is the language's."""
        written = f"{self.value:,.{self.decimals}f}".replace(",", "\u202f").replace("-", "\u2212")
        return written.replace(".", ",") if language == "ru" else written


@dataclass(frozen=True, slots=True)
class Share:
    """A share, 0 to 1, shown in per cent; None where there is nothing to take a share of."""

    value: float | None
    """Itself."""
    decimals: int = 2
    """Digits after the point."""

    def text(self, language: Language) -> str:
        """Never round up to 100 %: what is not all must not look like all."""
        if self.value is None:
            return "–"
        percent, unit = self.value * 100, 10**self.decimals
        if percent < 100:
            percent = min(percent, (100 * unit - 1) / unit)
        digits = 0 if percent == 100 else self.decimals
        return f"{Number(percent, digits).text(language)}\u00a0%"


@dataclass(frozen=True, slots=True)
class Said:
    """An entry of the table with its gaps filled."""

    key: str
    """Which entry."""
    values: tuple[tuple[str, object], ...] = ()
    """What goes into its gaps."""

    def text(self, language: Language) -> str:
        """Return it in one language."""
        filled = {name: _in_language(value, language) for name, value in self.values}
        return TEXTS[self.key][LANGUAGES.index(language)].format(**filled)


def say(key: str, **values: object) -> Said:
    """Return an entry of the table; numbers may be given as Number and Share, other texts as Said."""
    return Said(key, tuple(values.items()))


def _in_language(value: object, language: Language) -> str:
    """Return a value as text."""
    if isinstance(value, Number | Share | Said):
        return value.text(language)
    return str(value)


def shown(kind: str) -> Said:
    """Return the words for what a picture shows; a kind that the table does not know stands as it is."""
    key = "shows_" + re.sub(r"\W+", "_", kind)
    return say(key) if key in TEXTS else say("verbatim", text=kind)


TEXTS: dict[str, tuple[str, str]] = {
    "verbatim": ("{text}", "{text}"),
    # around everything
    "learn_title": ("{name}: what was learnt", "{name}: чему научилась модель"),
    "evaluation_title": ("{name}: how good the model is", "{name}: насколько хороша модель"),
    "language": ("Language", "Язык"),
    "theme": ("Theme", "Тема"),
    "theme_system": ("System", "Системная"),
    "theme_light": ("Light", "Светлая"),
    "theme_dark": ("Dark", "Тёмная"),
    "made_by": (
        "Made by streamproc {version} on {date}. The page needs no network.",
        "Создано streamproc {version} {date}. Странице не нужна сеть.",
    ),
    # the verdict
    "grade_good": ("Good", "Хорошая"),
    "grade_usable": ("Usable", "Пригодная"),
    "grade_unusable": ("Not usable", "Непригодная"),
    "why_good": (
        "Put it on air: at least {good} of either kind is right, and its probabilities can be believed.",
        "Можно в эфир: верны не менее {good} кадров каждого вида, и вероятностям можно верить.",
    ),
    "why_usable_accuracy": (
        "It will do, for hysteresis forgives single mistakes; but less than {good} of one kind is right.",
        "Годится: гистерезис прощает отдельные ошибки. Но верно меньше {good} одного из видов.",
    ),
    "why_usable_few": (
        "It will do, but it was measured on only {count} pictures of one kind: too few to call it good.",
        "Годится, но измерена лишь на {count} кадрах одного из видов: слишком мало, чтобы назвать её хорошей.",
    ),
    "why_usable_calibration": (
        "It will do, but its probabilities are {error} off on average.",
        "Годится, но её вероятности ошибаются в среднем на {error}.",
    ),
    "why_unusable_accuracy": (
        "Don't use it: only {worst} of one kind is right. "
        "Give more footage, a better box (--region) or the logo as a PNG.",
        "Не используйте: верно лишь {worst} одного из видов. "
        "Дайте больше видео, точнее область (--region) или логотип в PNG.",
    ),
    "why_unusable_few": (
        "It can't be judged: there were only {count} pictures of one kind to measure on. Give more footage.",
        "Судить нельзя: для проверки нашлось лишь {count} кадров одного из видов. Дайте больше видео.",
    ),
    "lead_region": (
        "The model looks {place} of the picture, at a box of {width} by {height}.",
        "Модель смотрит {place} кадра, на область {width} на {height}.",
    ),
    "place_top_left": ("at the top left", "в левый верхний угол"),
    "place_top_right": ("at the top right", "в правый верхний угол"),
    "place_bottom_left": ("at the bottom left", "в левый нижний угол"),
    "place_bottom_right": ("at the bottom right", "в правый нижний угол"),
    "place_top": ("at the top", "в верхнюю часть"),
    "place_bottom": ("at the bottom", "в нижнюю часть"),
    "place_left": ("at the left", "в левую часть"),
    "place_right": ("at the right", "в правую часть"),
    "place_middle": ("in the middle", "в середину"),
    "lead_accuracy": (
        "Of {count} held-out pictures it tells {with_bug} of those with the logo and {without_bug} of those without.",
        "Из {count} отложенных кадров верны {with_bug} кадров с логотипом и {without_bug} кадров без него.",
    ),
    "lead_frames": (
        "Of {count} frames it tells {with_bug} of those with the logo and {without_bug} of those without.",
        "Из {count} кадров верны {with_bug} кадров с логотипом и {without_bug} кадров без него.",
    ),
    # sections
    "found_heading": ("What was found", "Что найдено"),
    "frame_caption": (
        "A picture of the footage; the box is what was taken for the logo.",
        "Кадр видео; рамкой обведено то, что принято за логотип.",
    ),
    "frame_alt": ("A frame of the footage with a box around the logo", "Кадр видео с рамкой вокруг логотипа"),
    "mask_caption": (
        "The logo as it was learnt. The chequered ground shows through where it is transparent.",
        "Логотип, как он выучен. Где он прозрачен, видна клетка.",
    ),
    "mask_alt": ("The logo that was learnt, on a chequered ground", "Выученный логотип на клетчатом фоне"),
    "samples_heading": ("Held-out pictures", "Отложенные кадры"),
    "samples_note": (
        "None of them was learnt from. Below each stands the probability of the logo that the model gives.",
        "На них модель не училась. Под каждым — вероятность логотипа по мнению модели.",
    ),
    "samples_with": ("With the logo", "С логотипом"),
    "samples_without": ("Without it", "Без логотипа"),
    "samples_fading": ("Fading", "Появляется или исчезает"),
    "wrong_heading": ("Wrong ones", "Ошибки"),
    "wrong_note": (
        "The surest mistakes first. A label may be what is wrong.",
        "Сначала самые уверенные ошибки. Ошибочной может быть и метка.",
    ),
    "wrong_none": ("There is none.", "Ошибок нет."),
    "uncertain_heading": ("Least certain ones", "Наименее уверенные"),
    "uncertain_note": ("Right, but only just.", "Верно, но еле-еле."),
    "with_logo": ("with logo", "с логотипом"),
    "without_logo": ("without logo", "без логотипа"),
    "fading_logo": ("fading logo", "логотип меняется"),
    "sample_alt": ("{what}; probability {probability}", "{what}; вероятность {probability}"),
    "shows_bug": ("logo", "логотип"),
    "shows_bug_decorated_or_grey": ("logo, decorated or grey", "логотип, украшенный или серый"),
    "shows_fade": ("fade", "затухание"),
    "shows_nothing": ("nothing", "ничего"),
    "shows_foreign_logo": ("another logo", "чужой логотип"),
    "shows_bug_elsewhere": ("logo elsewhere", "логотип не на месте"),
    "shows_caption": ("caption", "титр"),
    "shows_programme": ("programme", "программа"),
    "shows_advert": ("advert", "реклама"),
    "measured_heading": ("What was measured", "Что измерено"),
    "learning_caption": (
        "Learning: the loss falls as pictures are seen.",
        "Обучение: потери падают с числом увиденных кадров.",
    ),
    "histogram_caption": (
        "Scores. The two kinds should lie far apart, on either side of the line.",
        "Оценки. Два вида должны лежать далеко друг от друга, по разные стороны черты.",
    ),
    "roc_caption": (
        "What every threshold would give (ROC), stretched near 100 %. "
        "The area below the curve is {area}. The dot is the threshold in use.",
        "Что дал бы каждый порог (ROC), растянуто около 100 %. Площадь под кривой {area}. Точка — действующий порог.",
    ),
    "reliability_caption": (
        "Reliability: on the diagonal, what is said is so. "
        "Bars are 95 % intervals; large dots stand for many pictures. The mean gap is {error}.",
        "Надёжность: на диагонали сказанное верно. "
        "Отрезки — интервалы 95 %, крупные точки — много кадров. Средний разрыв {error}.",
    ),
    "timeline_caption": (
        "The probability of the logo along the footage. Bands: what is true.",
        "Вероятность логотипа по ходу видео. Полосы: как на самом деле.",
    ),
    "axis_step": ("steps", "шаги"),
    "axis_loss": ("loss", "потери"),
    "axis_log_odds": ("log odds of the logo", "логарифм шансов логотипа"),
    "axis_pictures": ("pictures (log scale)", "кадры (лог. шкала)"),
    "axis_false_alarms": ("taken for a logo where there is none", "принято за логотип там, где его нет"),
    "axis_found": ("logos that are found", "найдено логотипов"),
    "axis_said": ("probability given, %", "названная вероятность, %"),
    "axis_so": ("so, %", "так и есть, %"),
    "axis_time_s": ("time, s", "время, с"),
    "axis_probability": ("probability, %", "вероятность, %"),
    "legend_with": ("with logo", "с логотипом"),
    "legend_without": ("without", "без него"),
    "legend_programme": ("programme", "программа"),
    "legend_advert": ("advert", "реклама"),
    "confusion_caption": ("Confusion, away from fades", "Матрица ошибок, без затуханий"),
    "confusion_is": ("What it is", "На самом деле"),
    "confusion_taken_with": ("taken for one with logo", "принят за кадр с логотипом"),
    "confusion_taken_without": ("taken for one without", "принят за кадр без него"),
    "right": ("right", "верно"),
    "kinds_caption": ("By what a picture shows", "По тому, что на кадре"),
    "kind": ("Kind", "Вид"),
    "notes_heading": ("Notes", "Примечания"),
    "card_heading": ("The model's card", "Карточка модели"),
    "card_note": ("As it stands in card.json.", "Как в card.json."),
    "card_name": ("Name", "Имя"),
    "card_created": ("Created", "Создана"),
    "card_region": ("Region: x, y, width, height", "Область: x, y, ширина, высота"),
    "card_input": ("Input, pixels", "Вход, пиксели"),
    "card_calibration": ("Temperature, bias", "Температура, смещение"),
    "card_decision": (
        "Samples to enter, to leave; least certainty",
        "Кадров для входа, для выхода; наименьшая уверенность",
    ),
    "card_sha256": ("SHA-256 of the model", "SHA-256 модели"),
    "card_licence": ("Licence", "Лицензия"),
    "card_data": ("Learnt from", "Училась на"),
    "card_metrics": ("All that was measured", "Всё, что измерено"),
    # evaluation
    "lead_boundaries": (
        "The pipeline found {found} of {count} boundaries, false ones: {false}; "
        "the median error is {median} s, the greatest {greatest} s.",
        "Конвейер нашёл {found} из {count} границ, ложных: {false}; "
        "медианная ошибка {median} с, наибольшая {greatest} с.",
    ),
    "lead_no_boundary": (
        "The pipeline found none of {count} boundaries; false ones: {false}.",
        "Конвейер не нашёл ни одной из {count} границ; ложных: {false}.",
    ),
    "lead_crops": (
        "Measured on crops, so there are no boundaries to find.",
        "Измерено на вырезках, поэтому границ здесь нет.",
    ),
    "boundaries_heading": ("Boundaries", "Границы"),
    "boundaries_note": (
        "Errors in seconds, later is positive: "
        "of the model alone (the likeliest change point of its scores) and of the whole pipeline.",
        "Ошибки в секундах, позже — плюс: одной модели (вероятнейшая точка смены её оценок) и всего конвейера.",
    ),
    "boundaries_false": (
        "False boundaries of the pipeline, at seconds: {times}.",
        "Ложные границы конвейера, секунды: {times}.",
    ),
    "boundary_time": ("True time, s", "Истинное время, с"),
    "boundary_to": ("What begins", "Что начинается"),
    "boundary_model": ("Model alone, s", "Одна модель, с"),
    "boundary_pipeline": ("Pipeline, s", "Конвейер, с"),
    "missed": ("missed", "пропущена"),
    # what files say of themselves
    "credentials_heading": ("Content credentials (C2PA)", "Сведения о происхождении (C2PA)"),
    "credentials_note": (
        "What files say of themselves, signed. Anybody can make a certificate, and whose it is was not looked up. "
        "A file without them is no more and no less to be trusted.",
        "Что файлы сами о себе сообщают, с подписью. Сертификат может сделать кто угодно, владелец не проверялся. "
        "Файл без таких сведений не хуже и не лучше прочих.",
    ),
    "credentials_file": ("File", "Файл"),
    "credentials_hold": ("Do they hold?", "Верны ли?"),
    "credentials_say": ("What they say", "Что в них сказано"),
    "credentials_whole": ("Signature and file fit together.", "Подпись и файл сходятся."),
    "credentials_broken": (
        "They do not hold: the file or they were changed after signing.",
        "Неверны: файл или сами сведения изменены после подписи.",
    ),
    "credentials_unreadable": ("Damaged: they can't be read.", "Повреждены: прочесть нельзя."),
    "credentials_elsewhere": ("Kept elsewhere; not fetched.", "Хранятся в другом месте; не запрашивались."),
    "credentials_made_with": ("made with {name}", "программа: {name}"),
    "credentials_done": ("done: {deeds}", "сделано: {deeds}"),
    "credentials_from": ("made from {names}", "сделано из: {names}"),
    "credentials_signed": ("signed as {name}", "подписано как: {name}"),
    # looking for traces of inpainting
    "scan_title": ("Traces of inpainting: {name}", "Следы закраски: {name}"),
    "scan_found": (
        "Likely painted over: {found} of {count} pictures. The surest come first.",
        "Похоже на закраску: {found} из {count} кадров. Самые уверенные — первыми.",
    ),
    "scan_hints": (
        "Weak traces on {count} more: as likely chance as paint.",
        "Ещё на {count} — слабые следы: это может быть и случайность.",
    ),
    "scan_none": ("No sure traces on any of {count} pictures.", "Уверенных следов нет ни на одном из {count} кадров."),
    "scan_undecidable": (
        "Nothing can be said of {count}: what surrounds the place there is as smooth as paint.",
        "О {count} ничего сказать нельзя: окружение там гладкое, как закраска.",
    ),
    "scan_events": (
        "Places that stay painted over while the picture under them changes: {count}.",
        "Места, которые остаются закрашенными, пока кадр под ними меняется: {count}.",
    ),
    "scan_events_heading": ("What stays in its place", "Что остаётся на месте"),
    "scan_events_note": (
        "An erased logo stays where it was, over a shot and its cuts: all keyframes together say more than each.",
        "Стёртый логотип остаётся на месте и через склейки: все ключевые кадры вместе говорят больше, чем каждый.",
    ),
    "scan_lasts": ("from {start} to {end}", "с {start} по {end}"),
    "scan_best": ("Seen best at", "Лучше всего видно на"),
    "scan_no_proof": (
        "A trace is a reason to look closer, and no proof.",
        "След — повод присмотреться, а не доказательство.",
    ),
    "scan_likely_heading": ("Likely painted over", "Похоже на закраску"),
    "scan_unsure_heading": ("Look yourself", "Посмотрите сами"),
    "scan_unsure_note": (
        "The traces are weak, or the surroundings too smooth to tell: most of these are likely chance.",
        "Следы слабые или окружение слишком гладкое; скорее всего, большинство из них — случайность.",
    ),
    "scan_picture_caption": (
        "As it is. Outlined: what was taken for painted.",
        "Как есть. Обведено то, что принято за закраску.",
    ),
    "scan_heat_caption": (
        "Heat map: the brighter a place, the more it looks painted.",
        "Карта подозрений: чем ярче место, тем больше оно похоже на закраску.",
    ),
    "scan_picture_alt": (
        "{source}, with what was taken for painted outlined",
        "{source}; обведено то, что принято за закраску",
    ),
    "scan_heat_alt": ("Heat map of {source}", "Карта подозрений: {source}"),
    "scan_crop_alt": ("Place {number}, enlarged", "Место {number}, увеличено"),
    "scan_place": ("{left} from the left, {top} from the top", "{left} от левого края, {top} от верхнего"),
    "scan_all_heading": ("All pictures", "Все кадры"),
    "scan_source": ("Picture", "Кадр"),
    "scan_at": ("at {time}", "на {time}"),
    "scan_score": ("Score", "Оценка"),
    "scan_score_of": ("score {score} of 1", "оценка {score} из 1"),
    "scan_verdict": ("What it looks like", "На что похоже"),
    "scan_boxes": ("Where, pixels", "Где, пиксели"),
    "scan_more": ("and {count} more places", "и ещё мест: {count}"),
    "scan_verdict_sure": ("Very likely painted over", "Очень похоже на закраску"),
    "scan_verdict_likely": ("Likely painted over", "Похоже на закраску"),
    "scan_verdict_weak": ("Weak traces: look yourself", "Слабые следы: посмотрите сами"),
    "scan_verdict_undecidable": ("Can't be told: as smooth as paint", "Решить нельзя: гладко, как закраска"),
    "scan_verdict_nothing": ("No traces", "Следов нет"),
}
