// The words of the programme's view.

import { language, plural, words } from "../../words";

export const t = words(
  {
    loading: "One moment…", gone: "There is no such programme any more. It may have become part of another: look on its channel's page.", to_channel: "To the channel",
    unnamed: "No name in the schedule", rename: "Rename", name: "Name of the programme", save: "Save", cancel: "Cancel", by_hand: "named by {who}", unsure_name: "name uncertain: {n} %",
    running: "on air", just_ended: "just ended, or in a break", ends_open: "on air", renamed: "Renamed to «{title}».",
    download: "Download", save_download: "Save and download", so_far: "Download what there is so far", again: "Try again", making: "Being made…", queued: "Waiting to be cut…", waiting: "Waiting for its end…",
    made: "One file without the breaks: {length}, {size}", to_make: "One file without the breaks: {length}", failed: "It could not be made: {why}", outdated: "The file that was made before shows the old cuts; a new one is made.",
    begun: "The download has begun.", no_part: "Nothing of it can be cut yet.",
    all_right: "All is right", asked: "To be checked", accepted: "Noted: it is right.", right: "It is right",
    begins: "The programme begins", part_ends: "Part {n} ends", part_begins: "Part {n} begins", ends: "The programme ends", breaks_off: "The recording breaks off", resumes: "The recording goes on",
    checked: "placed by hand", sure: "sure: {n} %", unsure: "look at it: {n} %", provisional: "still being placed", split_here: "split without a break",
    last_before: "last frame before", first_after: "first frame after", no_picture: "no picture", nothing_before: "nothing recorded", cuts: "Cuts", strip: "Parts and breaks",
    save_cut: "Save", discard: "Discard", moved_by: "not saved: {n}", saved: "Saved: {what} is moved by {n}.", undo: "Undo", undone: "Undone.", nothing_to_undo: "There is nothing to undo.",
    remove: "Remove…", film: "Frames around the cut: choose the first one after it", cut_before: "cut before frame {frame}", frame: "frame {frame}",
    remove_title: "Remove this cut", remove_ask: "What lies on one side of it becomes what is on the other side.", keep_before: "{before} goes on ({length})", keep_after: "{after} was on before it already ({length})", removed: "The cut is removed.",
    conflict: "{who} has moved this cut to {theirs} meanwhile. You had it at {mine}, which is not saved.", conflict_gone: "A cut that you had moved to {mine} is there no longer: {who} changed it.", somebody: "somebody", take_theirs: "Take theirs", put_mine: "Put mine again", understood: "Understood",
    no_link: "There is no connection. What you changed is kept here; save it again when the connection is back.",
    mark: "Mark a stretch…", split: "Split here…", mark_title: "Mark a stretch", split_title: "Split the programme", mark_from: "From", mark_to: "to", split_at: "The second programme begins at", is_programme: "It is programme", is_advert: "It is adverts", split_do: "Split",
    marked: "Marked.", split_done: "Split in two.", merged: "Joined.", merge_before: "Join with the one before: «{title}»", merge_after: "Join with the one after: «{title}»", more: "More for this programme", position: "Place in the recording",
    wrong_order: "It ends before it begins.", other_epoch: "The recording breaks off in between; mark each side for itself.",
    parts: "Parts", part: "Part {n}", advert_break: "Adverts", make: "Make", gap_break: "Break",
    lists: "Edit lists", send: "Send", send_to: "Send to {target}", no_targets: "No target is configured.", sent: "sent", sending: "being sent", send_queued: "will be sent", send_failed: "failed: {why}", needs_file: "The file is made first.",
    evidence: "Evidence", evidence_get: "Get the evidence", evidence_what: "What was cut, how each cut was found, with checksums. Takes some seconds.", evidence_needs: "There is evidence once the file is made.",
    history: "Changes", no_edits: "Nobody has changed anything.", undone_mark: "undone",
    move: "{who} moved a cut", add: "{who} added a cut", remove_done: "{who} removed a cut", marked_by: "{who} marked a stretch", split_by: "{who} split the programme", merge_by: "{who} joined programmes", undo_by: "{who} took a change back",
    k_next: "next cut", k_previous: "previous cut", k_back: "cut one frame earlier", k_forward: "cut one frame later", k_back10: "ten frames earlier", k_forward10: "ten frames later", k_back2: "two frames earlier", k_forward2: "two frames later",
    k_save: "save the moved cut", k_discard: "discard, or leave the cut", k_accept: "it is right", k_remove: "remove the cut", k_undo: "undo", k_download: "download", k_mark: "mark a stretch",
    view_only: "You may look and download; to change anything takes an editor.", unsaved: "Unsaved",
  },
  {
    loading: "Секунду…", gone: "Такой программы больше нет. Возможно, она стала частью другой: посмотрите на странице канала.", to_channel: "К каналу",
    unnamed: "В программе передач нет названия", rename: "Переименовать", name: "Название программы", save: "Сохранить", cancel: "Отмена", by_hand: "название: {who}", unsure_name: "название под вопросом: {n} %",
    running: "в эфире", just_ended: "только что кончилась или перерыв", ends_open: "в эфире", renamed: "Новое название: «{title}».",
    download: "Скачать", save_download: "Сохранить и скачать", so_far: "Скачать то, что уже есть", again: "Ещё раз", making: "Собирается…", queued: "Ждёт нарезки…", waiting: "Ждёт окончания…",
    made: "Один файл без рекламы: {length}, {size}", to_make: "Один файл без рекламы: {length}", failed: "Не удалось собрать: {why}", outdated: "В прежнем файле старые границы; собирается новый.",
    begun: "Загрузка началась.", no_part: "Пока нечего вырезать.",
    all_right: "Всё верно", asked: "Проверьте", accepted: "Отмечено: верно.", right: "Верно",
    begins: "Программа начинается", part_ends: "Часть {n} кончается", part_begins: "Часть {n} начинается", ends: "Программа кончается", breaks_off: "Запись обрывается", resumes: "Запись продолжается",
    checked: "поставлено вручную", sure: "уверенность {n} %", unsure: "проверьте: {n} %", provisional: "ещё уточняется", split_here: "стык без рекламы",
    last_before: "последний кадр до", first_after: "первый кадр после", no_picture: "нет кадра", nothing_before: "записи нет", cuts: "Границы", strip: "Части и перерывы",
    save_cut: "Сохранить", discard: "Отменить", moved_by: "не сохранено: {n}", saved: "Сохранено: {what}, сдвиг {n}.", undo: "Вернуть", undone: "Возвращено.", nothing_to_undo: "Возвращать нечего.",
    remove: "Убрать…", film: "Кадры у границы: выберите первый кадр после неё", cut_before: "граница перед кадром {frame}", frame: "кадр {frame}",
    remove_title: "Убрать границу", remove_ask: "То, что лежит по одну её сторону, станет тем же, что по другую.", keep_before: "{before} продолжается ({length})", keep_after: "{after} была и до неё ({length})", removed: "Граница убрана.",
    conflict: "{who} уже передвинул(а) эту границу на {theirs}. У вас она стояла на {mine}, это не сохранено.", conflict_gone: "Границы, которую вы сдвинули на {mine}, больше нет: её изменил(а) {who}.", somebody: "кто-то", take_theirs: "Принять их правку", put_mine: "Поставить мою", understood: "Понятно",
    no_link: "Нет связи. Ваши правки хранятся здесь; сохраните их, когда связь появится.",
    mark: "Отметить отрезок…", split: "Разделить…", mark_title: "Отметить отрезок", split_title: "Разделить программу", mark_from: "От", mark_to: "до", split_at: "Вторая программа начинается здесь", is_programme: "Это программа", is_advert: "Это реклама", split_do: "Разделить",
    marked: "Отмечено.", split_done: "Разделено на две.", merged: "Соединено.", merge_before: "Соединить с предыдущей: «{title}»", merge_after: "Соединить со следующей: «{title}»", more: "Ещё для этой программы", position: "Место в записи",
    wrong_order: "Конец раньше начала.", other_epoch: "Между ними запись обрывается; отметьте каждую сторону отдельно.",
    parts: "Части", part: "Часть {n}", advert_break: "Реклама", make: "Собрать", gap_break: "Перерыв",
    lists: "Монтажные листы", send: "Отправить", send_to: "Отправить: {target}", no_targets: "Не настроено ни одного назначения.", sent: "отправлено", sending: "отправляется", send_queued: "будет отправлено", send_failed: "не удалось: {why}", needs_file: "Сначала собирается файл.",
    evidence: "Подтверждения", evidence_get: "Скачать подтверждения", evidence_what: "Что вырезано, как найдена каждая граница, контрольные суммы. Занимает несколько секунд.", evidence_needs: "Подтверждения появятся, когда файл будет собран.",
    history: "Правки", no_edits: "Никто ничего не менял.", undone_mark: "возвращено",
    move: "{who}: граница сдвинута", add: "{who}: граница добавлена", remove_done: "{who}: граница убрана", marked_by: "{who}: отмечен отрезок", split_by: "{who}: программа разделена", merge_by: "{who}: программы соединены", undo_by: "{who}: правка возвращена",
    k_next: "следующая граница", k_previous: "предыдущая граница", k_back: "границу на кадр раньше", k_forward: "границу на кадр позже", k_back10: "на десять кадров раньше", k_forward10: "на десять кадров позже", k_back2: "на два кадра раньше", k_forward2: "на два кадра позже",
    k_save: "сохранить сдвиг", k_discard: "отменить или выйти из границы", k_accept: "всё верно", k_remove: "убрать границу", k_undo: "вернуть", k_download: "скачать", k_mark: "отметить отрезок",
    view_only: "Вы можете смотреть и скачивать; менять может редактор.", unsaved: "Не сохранено",
  },
);

/** "+2 frames" */
export function framesWord(count: number): string {
  const size = Math.abs(count);
  const sign = count > 0 ? "+" : count < 0 ? "−" : "";
  return `${sign}${size} ${language.value === "ru" ? plural(size, ["кадр", "кадра", "кадров"]) : plural(size, ["frame", "frames", "frames"])}`;
}
