// The words of a finding's view.

import { words } from "../../words";

export const t = words(
  {
    loading: "One moment…", gone: "There is no such finding any more. Findings are deleted together with the recording that they are about.", to_channels: "To the channels",
    from_to: "{start} to {end}", still: "still there", there_for: "there for {length}", keyframes: "Keyframes seen", score: "Score", of_one: "{n} of 1", model: "Found by", where: "Where", where_px: "{place}; {width} × {height} pixels, {left} from the left, {top} from the top of {all}",
    when: "When", how_long: "How long", to_day: "The channel’s day", copy: "Copy the link", copied: "The link is copied.", link: "Link to this finding", earlier: "Earlier finding", later: "Later finding", nth: "{n} of {all} that day, {left} to check",
    over: "What lies over the picture", heat: "Heat map", box: "Box", enlarge: "Enlarge", opacity: "Strength of the heat map", heat_is: "The brighter a place, the more it looks painted, against the rest of the picture: the mean over all keyframes that were seen.",
    no_heat: "The heat map can’t be had: it may have been deleted by now. What is known of the finding stands beside it.", strip: "Pictures of the stretch", play: "Play the stretch", best: "Where it shows best", part: "{time}, picture {n} of {all}",
    verdict: "What do you say?", confirm: "It is painted over", dismiss: "It is not", reopen: "Back to be checked", note: "Note", note_hint: "What was there, whom to ask…", save_note: "Save the note", unsaved: "Not saved yet", save: "Save", discard: "Discard",
    by_at: "{who}, {time}", view_only: "You may look; to say whether it is painted over takes an editor.", said_confirmed: "Noted: it is painted over.", said_dismissed: "Noted: it is not painted over.", said_null: "Noted: it is to be checked.", said_note: "The note is saved.",
    undo: "Undo", undone: "Undone.", nothing_to_undo: "There is nothing to undo.", no_link: "There is no connection. What you said is kept here; save it again when the connection is back.",
    conflict: "{who} has said something else meanwhile: {what}. Yours is not saved: {mine}.", somebody: "Somebody", no_note: "without a note", take_theirs: "Take theirs", put_mine: "Put mine",
    evidence: "Evidence", evidence_what: "The pack of a clip that shows it holds this finding with its heat map, and how each cut was found. Takes some seconds.", evidence_none: "There is evidence once a clip shows this stretch.", evidence_make: "Clip this stretch", evidence_unnamed: "A clip without a name", evidence_from: "Clip from {time}",
    k_play: "play the stretch, or pause", k_frame_back: "one frame back", k_frame_on: "one frame on", k_before: "the picture of the stretch before", k_after: "the next picture of the stretch", k_begin: "to its beginning", k_end: "to its end", k_best: "to where it shows best",
    k_heat: "heat map on or off", k_box: "box on or off", k_enlarge: "enlarge the place, or the whole picture", k_less: "weaker heat map", k_more: "stronger heat map", k_confirm: "it is painted over", k_dismiss: "it is not painted over", k_note: "write a note", k_undo: "undo", k_previous: "the finding before", k_next: "the next finding",
  },
  {
    loading: "Секунду…", gone: "Такой находки больше нет. Находки удаляются вместе с записью, к которой относятся.", to_channels: "К каналам",
    from_to: "с {start} до {end}", still: "ещё в эфире", there_for: "длилось {length}", keyframes: "Опорных кадров", score: "Оценка", of_one: "{n} из 1", model: "Кто нашёл", where: "Где", where_px: "{place}; {width} × {height} пикселей, {left} от левого края, {top} от верхнего, кадр {all}",
    when: "Когда", how_long: "Сколько длилось", to_day: "День канала", copy: "Скопировать ссылку", copied: "Ссылка скопирована.", link: "Ссылка на находку", earlier: "Предыдущая находка", later: "Следующая находка", nth: "{n} из {all} за день, проверить: {left}",
    over: "Что показано поверх кадра", heat: "Карта подозрений", box: "Рамка", enlarge: "Увеличить", opacity: "Яркость карты", heat_is: "Чем ярче место, тем больше оно похоже на закраску по сравнению с остальным кадром: среднее по всем опорным кадрам.",
    no_heat: "Карту подозрений не удаётся получить: возможно, её уже удалили. Что известно о находке, написано рядом.", strip: "Кадры отрезка", play: "Просмотреть отрезок", best: "Где видно лучше всего", part: "{time}, кадр {n} из {all}",
    verdict: "Что скажете?", confirm: "Закрашено", dismiss: "Не закрашено", reopen: "Снова на проверку", note: "Заметка", note_hint: "Что там было, кого спросить…", save_note: "Сохранить заметку", unsaved: "Ещё не сохранено", save: "Сохранить", discard: "Отменить",
    by_at: "{who}, {time}", view_only: "Вы можете смотреть; решать, закрашено ли это, может редактор.", said_confirmed: "Отмечено: закрашено.", said_dismissed: "Отмечено: не закрашено.", said_null: "Отмечено: надо проверить.", said_note: "Заметка сохранена.",
    undo: "Вернуть", undone: "Возвращено.", nothing_to_undo: "Возвращать нечего.", no_link: "Нет связи. Сказанное вами хранится здесь; сохраните его, когда связь появится.",
    conflict: "{who} уже сказал(а) другое: {what}. Ваше не сохранено: {mine}.", somebody: "Кто-то", no_note: "без заметки", take_theirs: "Принять их решение", put_mine: "Поставить моё",
    evidence: "Подтверждения", evidence_what: "В пакете ролика, где это видно, есть эта находка с картой подозрений и то, как найдена каждая граница. Займёт несколько секунд.", evidence_none: "Подтверждения появятся, когда этот отрезок будет в каком-нибудь ролике.", evidence_make: "Вырезать этот отрезок", evidence_unnamed: "Ролик без названия", evidence_from: "Ролик с {time}",
    k_play: "просмотреть отрезок или остановить", k_frame_back: "на кадр назад", k_frame_on: "на кадр вперёд", k_before: "предыдущий кадр отрезка", k_after: "следующий кадр отрезка", k_begin: "к началу", k_end: "к концу", k_best: "где видно лучше всего",
    k_heat: "карта подозрений", k_box: "рамка", k_enlarge: "увеличить место или показать весь кадр", k_less: "карта слабее", k_more: "карта ярче", k_confirm: "закрашено", k_dismiss: "не закрашено", k_note: "написать заметку", k_undo: "вернуть", k_previous: "предыдущая находка", k_next: "следующая находка",
  },
);
