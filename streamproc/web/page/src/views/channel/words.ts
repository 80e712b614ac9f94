// The words of the day view and its player.

import { summary } from "../../findings";
import { words } from "../../words";
import type { Known } from "./model";

export const t = words(
  {
    timeline_of: "Timeline of {title}; arrow keys move by frames and boundaries", lane_pictures: "Pictures", lane_programmes: "Programmes", lane_segments: "On air",
    lane_findings: "Painted over?", lane_notes: "To check", lane_schedule: "Schedule", lane_score: "Logo", lane_level: "Sound",
    programme: "programme", advert: "adverts", unknown: "unknown", gap: "no signal", unnamed: "Unnamed programme", nothing: "nothing known",
    sure: "{n} % sure", provisional: "provisional", part: "part {n} of {all}", a_break: "break", scheduled: "schedule: {title}",
    shown: "Shown", live: "Live", zoom_in: "Zoom in", zoom_out: "Zoom out", earlier: "Earlier", later: "Later", day: "Day", whole_day: "Whole day",
    min: "{n} min", h: "{n} h",
    in_view: "In view", what: "What", from: "From", to: "To", go: "Go to {time}", open: "Open", more_in_view: "and {n} more; zoom in to see them", empty_view: "Nothing is known of what is shown.",
    look: "to be checked: {what}", doubt_boundary: "boundary", doubt_name: "name", doubt_split: "split", on_air: "on air", schedule: "Schedule",
    segments: "Segments", filter: "Segments shown", all: "All", programmes: "Programmes", adverts: "Adverts", kind: "On air", start: "Start", end: "End",
    duration: "Duration", confidence: "Confidence", state: "State", final: "final", clip: "Clip", more: "Show earlier ones", no_segments: "Nothing has been found here yet.",
    frame: "frame {n}", play: "Play", download: "Download", queued: "waiting to be cut", cutting: "being cut", failed: "failed: {why}", ready: "ready", withdrawn: "taken back", size: "{n} MB",
    removed: "deleted because it was old", broken: "This clip can't be played here. Try downloading it.",
    waiting: "waiting for its end", piece_queued: "waiting to be made", piece_cutting: "being made",
    alarm_unsure: "The model no longer fits this channel", alarm_vanished: "The bug has not been seen for {hours} h", alarm_disputed: "The model contradicts what people say",
    alarm_unsure_why: "Since {time} it is sure of {share} % of what it sees; {usual} % is usual.", alarm_vanished_why: "It was last seen at {time}. The model finds none on the picture.",
    alarm_disputed_why: "Since {time} a minute or more was labelled the contrary of what it decided.",
    alarm_look: "Has the bug changed? Label where it is, then have the model learn again; the old one stays until the new one is better:",
    alarm_moved: "If it is in another place now, learn it anew on the engineer's page.", alarm_frame: "The picture when the alarm was raised", alarm_corner: "The bug's corner, picture {n}",
    side_by_side: "Side by side with", choose: "another channel …", leave: "Close {title}", no_such: "No channel is called {name}.",
    at_playhead: "At the playhead", player: "Player", of_channel: "Picture of {title}", pause: "Pause", play_on: "Play", back_frame: "One frame back", on_frame: "One frame on",
    speed: "Speed", speed_now: "{n}×", sound: "Sound", sound_off: "Sound off", sound_on: "Sound on", timecode: "Time code", wall: "Wall time", not_recorded: "Nothing is recorded here.",
    recorded_soon: "Not recorded yet.", frame_lost: "The picture can't be had: {why}", cant_play: "The recording can't be played: {why}", behind: "{n} s behind live", frame_word: "Frame",
    marks: "Clip from anywhere", mark_in: "In", mark_out: "Out", set_in: "Mark in", set_out: "Mark out", clear: "Clear the marks", none: "not marked", length_of: "Length",
    title: "Name", make: "Make the clip", making: "The clip is being made.", how: "Mark where it begins (I) and where it ends (O), here or at another time; the end may be still to come.",
    pieces: "Clips made here", no_pieces: "None yet.", by: "by {who}", go_mark: "Go to the mark", type_time: "Type a time, or mark it at the playhead", bad_time: "Write a time as 21:05:30 or 21:05:30.480.",
    frames_of: "exactly frames {from} to {to}",
    key_play: "play or pause", key_back: "play backwards; again: faster", key_stop: "pause", key_on: "play; again: faster", key_in: "mark in", key_out: "mark out",
    key_go_in: "go to the in mark", key_go_out: "go to the out mark", key_frame_back: "one frame back", key_frame_on: "one frame on", key_second_back: "one second back", key_second_on: "one second on",
    key_before: "to the boundary before", key_after: "to the next boundary", key_home: "to the beginning of what is shown", key_end: "to the live edge, and follow it", key_in_zoom: "zoom in", key_out_zoom: "zoom out",
    key_day: "show the whole day", key_make: "name the clip and make it", key_clear: "clear the marks", key_mute: "sound on or off", key_here: "bring the playhead into view",
    key_finding: "to the next place that looks painted over", key_finding_before: "to the one before", key_look: "look closer at what was found here",
    found: "Painted over?", found_of: "What looks painted over on {day}", found_which: "Which are shown", found_all: "all", found_open: "on air now", found_to_check: "to check", found_confirmed: "confirmed", found_dismissed: "dismissed",
    found_none: "Nothing was found on this day.", found_none_yet: "Nothing so far; looked through up to {time}.", found_unseen: "This day has not been looked through yet.",
    found_order: "In what order", found_surest: "surest first", found_newest: "newest first", found_shown: "{n} of {all}", found_more: "Show {n} more", found_most: "There are more: the newest {n} of this day are listed here.", found_none_such: "None of these on this day.", found_look: "Look closer", found_still: "still there", found_long: "there for {length}",
  },
  {
    timeline_of: "Лента времени: {title}; стрелки сдвигают по кадрам и границам", lane_pictures: "Кадры", lane_programmes: "Программы", lane_segments: "В эфире",
    lane_findings: "Закраска?", lane_notes: "Проверить", lane_schedule: "Расписание", lane_score: "Логотип", lane_level: "Звук",
    programme: "программа", advert: "реклама", unknown: "не определено", gap: "нет сигнала", unnamed: "Программа без названия", nothing: "ничего не известно",
    sure: "уверенность {n} %", provisional: "предварительно", part: "часть {n} из {all}", a_break: "перерыв", scheduled: "по расписанию: {title}",
    shown: "Показано", live: "Эфир", zoom_in: "Приблизить", zoom_out: "Отдалить", earlier: "Раньше", later: "Позже", day: "День", whole_day: "Весь день",
    min: "{n} мин", h: "{n} ч",
    in_view: "На экране", what: "Что", from: "С", to: "До", go: "Перейти к {time}", open: "Открыть", more_in_view: "и ещё {n}; приблизьте, чтобы увидеть", empty_view: "О показанном ничего не известно.",
    look: "на проверку: {what}", doubt_boundary: "граница", doubt_name: "название", doubt_split: "стык", on_air: "в эфире", schedule: "Расписание",
    segments: "Сегменты", filter: "Показанные сегменты", all: "Все", programmes: "Программы", adverts: "Реклама", kind: "В эфире", start: "Начало", end: "Конец",
    duration: "Длительность", confidence: "Уверенность", state: "Состояние", final: "окончательно", clip: "Ролик", more: "Показать более ранние", no_segments: "Здесь пока ничего не найдено.",
    frame: "кадр {n}", play: "Смотреть", download: "Скачать", queued: "ждёт нарезки", cutting: "нарезается", failed: "не удалось: {why}", ready: "готово", withdrawn: "отозван", size: "{n} МБ",
    removed: "удалён, потому что устарел", broken: "Этот ролик не удаётся воспроизвести. Попробуйте скачать его.",
    waiting: "ждёт окончания", piece_queued: "ждёт сборки", piece_cutting: "собирается",
    alarm_unsure: "Модель больше не подходит этому каналу", alarm_vanished: "Логотипа не видно уже {hours} ч", alarm_disputed: "Модель противоречит людям",
    alarm_unsure_why: "С {time} она уверена в {share} % увиденного; обычно в {usual} %.", alarm_vanished_why: "Последний раз его было видно: {time}. Модель не находит его на картинке.",
    alarm_disputed_why: "С {time} минута или больше размечена иначе, чем она решила.",
    alarm_look: "Логотип изменился? Разметьте, где он есть, и переобучите модель; старая остаётся, пока новая не станет лучше:",
    alarm_moved: "Если он теперь в другом месте, обучите модель заново на странице инженера.", alarm_frame: "Картинка в момент тревоги", alarm_corner: "Угол с логотипом, картинка {n}",
    side_by_side: "Рядом с каналом", choose: "другой канал …", leave: "Закрыть: {title}", no_such: "Канала {name} нет.",
    at_playhead: "В этом месте", player: "Проигрыватель", of_channel: "Картинка: {title}", pause: "Пауза", play_on: "Воспроизвести", back_frame: "На кадр назад", on_frame: "На кадр вперёд",
    speed: "Скорость", speed_now: "{n}×", sound: "Звук", sound_off: "Выключить звук", sound_on: "Включить звук", timecode: "Тайм-код", wall: "Время", not_recorded: "Здесь ничего не записано.",
    recorded_soon: "Ещё не записано.", frame_lost: "Картинку не удаётся получить: {why}", cant_play: "Запись не удаётся воспроизвести: {why}", behind: "отставание {n} с", frame_word: "Кадр",
    marks: "Ролик из любого места", mark_in: "Начало", mark_out: "Конец", set_in: "Отметить начало", set_out: "Отметить конец", clear: "Убрать отметки", none: "не отмечено", length_of: "Длительность",
    title: "Название", make: "Сделать ролик", making: "Ролик делается.", how: "Отметьте, где он начинается (I) и где кончается (O), здесь или в другое время; конец может ещё не наступить.",
    pieces: "Сделанные ролики", no_pieces: "Пока ни одного.", by: "автор: {who}", go_mark: "Перейти к отметке", type_time: "Введите время или отметьте текущее место", bad_time: "Напишите время так: 21:05:30 или 21:05:30.480.",
    frames_of: "точно кадры с {from} по {to}",
    key_play: "воспроизведение или пауза", key_back: "назад; ещё раз: быстрее", key_stop: "пауза", key_on: "вперёд; ещё раз: быстрее", key_in: "отметить начало", key_out: "отметить конец",
    key_go_in: "к отметке начала", key_go_out: "к отметке конца", key_frame_back: "на кадр назад", key_frame_on: "на кадр вперёд", key_second_back: "на секунду назад", key_second_on: "на секунду вперёд",
    key_before: "к предыдущей границе", key_after: "к следующей границе", key_home: "к началу показанного", key_end: "к прямому эфиру и следовать за ним", key_in_zoom: "приблизить", key_out_zoom: "отдалить",
    key_day: "показать весь день", key_make: "назвать ролик и сделать его", key_clear: "убрать отметки", key_mute: "включить или выключить звук", key_here: "показать место воспроизведения",
    key_finding: "к следующей похожей на закраску находке", key_finding_before: "к предыдущей находке", key_look: "рассмотреть то, что здесь найдено",
    found: "Закрашено?", found_of: "Что похоже на закраску: {day}", found_which: "Что показано", found_all: "все", found_open: "сейчас в эфире", found_to_check: "проверить", found_confirmed: "подтверждённые", found_dismissed: "отклонённые",
    found_none: "За этот день ничего не найдено.", found_none_yet: "Пока ничего; просмотрено до {time}.", found_unseen: "Этот день ещё не просмотрен.",
    found_order: "В каком порядке", found_surest: "сначала верные", found_newest: "сначала новые", found_shown: "{n} из {all}", found_more: "Показать ещё {n}", found_most: "Находок больше: здесь последние {n} за этот день.", found_none_such: "Таких за этот день нет.", found_look: "Рассмотреть", found_still: "ещё в эфире", found_long: "длилось {length}",
  },
);

/** "Programme · Место встречи · part 2 of 3 · 97 % sure" */
export function said(known: Known): string {
  const { segment, programme, part, isGap } = known;
  const words = [isGap ? t("gap") : segment === null ? null : t(segment.kind)];
  if (programme !== null) {
    words.push(programme.title ?? t("unnamed"));
    if (part === null) words.push(t("a_break"));
    else if (programme.parts.length > 1) words.push(t("part", { n: part, all: programme.parts.length }));
  } else if (known.scheduled !== null) words.push(t("scheduled", { title: known.scheduled }));
  if (segment !== null) words.push(t("sure", { n: Math.round(segment.confidence * 100) }));
  if (segment !== null && segment.state !== "final") words.push(t("provisional"));
  if (known.findings[0] !== undefined) words.push(summary(known.findings[0]));
  const parts = words.filter((word) => word !== null);
  return parts.length === 0 ? t("nothing") : parts.join(" · ");
}
