"""What the lines of the log mean, for people who don't read logs; docs/operations.md says more of each."""

from streamproc.messages import AlarmKind
from streamproc.web.answers import Words


def _w(en: str, ru: str) -> Words:
    return Words(en=en, ru=ru)


ALARMS = {
    AlarmKind.UNSURE: _w("The model is no longer sure of what it sees.", "Модель больше не уверена в том, что видит."),
    AlarmKind.VANISHED: _w("The bug has not been seen for hours.", "Логотипа не видно уже несколько часов."),
    AlarmKind.DISPUTED: _w(
        "People say the contrary of what the model decides.", "Люди не согласны с решениями модели."
    ),
}
"""What an alarm over a model says."""

MEANINGS = {
    "channel.failed": _w(
        "The channel can't be analysed: its model or settings are wrong. It is recorded all the same.",
        "Канал нельзя анализировать: неверна модель или настройки. Запись при этом идёт.",
    ),
    "clip.failed": _w("A clip could not be cut.", "Не удалось вырезать клип."),
    "config.refused": _w(
        "The changed configuration is wrong; the daemon goes on with the former one.",
        "Изменённая конфигурация неверна; программа работает по прежней.",
    ),
    "cues.damaged": _w("A cue of the feed is damaged and was left out.", "Метка потока повреждена и пропущена."),
    "cues.unanswered": _w(
        "A cue announces a break that the bug does not show.", "Метка объявляет рекламу, а логотип её не подтверждает."
    ),
    "delivery.failed": _w(
        "A file did not arrive at its target; it is tried again.", "Файл не дошёл до получателя; попытки повторяются."
    ),
    "drift.alarm": _w(
        "The channel's model no longer seems to fit; learn the bug anew.",
        "Модель канала, похоже, больше не подходит; обучите её заново.",
    ),
    "expire.failed": _w("The file of an old clip could not be deleted.", "Не удалось удалить файл старого клипа."),
    "feed.lost": _w(
        "The feed is gone; it is connected again by itself.", "Поток пропал; подключение повторяется само."
    ),
    "feed.audio_left_out": _w(
        "The sound's codec can't be recorded; the picture is.", "Звук этого кодека не записывается, видео записывается."
    ),
    "inspect.failed": _w(
        "The network that looks for paint can't be used; the channel goes on without it.",
        "Сеть, которая ищет закрашенное, не загружается; канал работает без неё.",
    ),
    "learning.failed": _w("A model could not be learnt.", "Не удалось обучить модель."),
    "piece.failed": _w("A piece could not be made.", "Не удалось собрать фрагмент."),
    "recording.failed": _w(
        "Packets can't be written to the disk; tried again until they can.",
        "Не удаётся писать на диск; попытки продолжаются.",
    ),
    "recording.file_damaged": _w(
        "A recorded file was found damaged at the start.", "При запуске найден повреждённый файл записи."
    ),
    "recording.index_damaged": _w(
        "The index of a recording was damaged and is built anew.", "Индекс записи был повреждён и строится заново."
    ),
    "refine.recording_gone": _w(
        "A boundary could not be refined: its recording was deleted.",
        "Границу нельзя уточнить: запись этого места удалена.",
    ),
    "refine.unreadable": _w(
        "The recording around a boundary can't be decoded.", "Запись возле границы не декодируется."
    ),
    "retention.disk_short": _w(
        "Everything that may be deleted is, and there is still too little space.",
        "Удалено всё, что можно, а места всё равно мало.",
    ),
    "retention.failed": _w("Old recording could not be deleted.", "Не удалось удалить старые записи."),
    "role.died": _w("A process of the daemon ended and is started again.", "Процесс упал и запущен снова."),
    "role.killed": _w("A process did not stop in time and was killed.", "Процесс не остановился вовремя и был убит."),
    "schedule.failed": _w(
        "The schedule can't be read; the listings that were there stay.",
        "Программу передач не удалось прочитать; прежняя остаётся.",
    ),
    "schedule.mended": _w(
        "Something in the schedule was wrong and was mended.", "Ошибка в программе передач исправлена."
    ),
    "stage.failed": _w(
        "A part of a channel's work stopped with an error and is run again.",
        "Часть работы по каналу остановилась с ошибкой и запущена снова.",
    ),
    "stage.slow_to_stop": _w("A part of the work is slow to stop.", "Часть работы медленно останавливается."),
    "web.catalogue_failed": _w("The catalogue could not be read.", "Каталог не удалось прочитать."),
    "web.events_failed": _w("The catalogue could not be read.", "Каталог не удалось прочитать."),
    "webhook.failed": _w(
        "A webhook's receiver took no event; it is told again.", "Получатель вебхука не принял событие; повторяем."
    ),
    "webhook.disabled": _w(
        "A webhook's receiver wants nothing any more.", "Получатель вебхука больше ничего не принимает."
    ),
}
"""What an event of the log means; one that is not here is shown by its own words."""
