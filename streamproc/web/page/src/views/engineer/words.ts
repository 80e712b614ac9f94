// The words of the engineer's page. Keys of the configuration have their names from docs/configuration.md beside them.

import { words } from "../../words";

export const t = words(
  {
    title: "Engineer", channels: "Channels", add: "Add a channel", no_channels: "No channel is configured yet.", models: "Models", back: "All channels",
    alarms: "Drift", no_alarms: "No alarm was ever raised over this channel's model.", standing: "stands since {when}", was: "{from} – {to}", learn_again: "Learn the bug anew",
    unsure: "The model is no longer sure of what it sees", vanished: "The bug has not been seen for hours", disputed: "People say the contrary of what the model decides",
    sureness: "sureness {now}, usually {usual}", picture: "Picture {number} of the alarm", reason: "Cleared: {why}",
    settings: "Settings", save: "Save", saved: "Saved; {name} works by it.", saved_not: "Saved, but the daemon has not taken it over yet: {why}", not_yet: "it is still reading the file",
    stop: "Stop", start: "Start", stopped: "{name} is stopped.", started: "{name} is started.", remove: "Remove…", remove_title: "Remove {name}?",
    remove_what: "Recording ends, and the channel is taken out of the configuration file. What is recorded and found stays.", removed: "{name} is removed.", cancel: "Cancel",
    name: "Short name", name_hint: "small Latin letters, digits, _ and -", ch_title: "Name for people", source: "Where the feed comes from", pull: "pull", push: "wait for a push",
    address: "Address", address_hint: "rtmp://…, http://….m3u8, udp://…", listen_hint: "rtmp://0.0.0.0:1935/live/key, udp://…", kept: "The key is not shown; leave it as it is, or write the whole address anew.",
    bug: "The bug", bug_hint: "A model, learnt on the channel's page; or a logo with its place, for a start; or nothing: then the channel is only recorded.",
    model: "Folder of the model", logo: "Logo, a PNG on the server", region: "Place: x,y,width,height", timezone: "Time zone", schedule_id: "Channel's id in the schedule",
    deliver: "Targets, with commas between", by_default: "as usual ({value})", yes: "yes", no: "no", more: "More settings", problem: "The file can't be taken over as it is: {why}", not_applied: "The daemon does not work by these settings yet.",
    learn: "Learn the bug", learn_what: "From the channel's own recording: ten minutes or more with an advert break. It takes some minutes, at low priority.",
    last: "The last", minutes: "{count} min", from: "From", to: "To", narrow: "Narrow it down", search_region: "Part of the picture to search: x,y,width,height", choose: "Number of the mark",
    go: "Learn", queued: "waiting", learning: "learning", ready: "ready", used: "in use", failed: "failed", take_back: "Stop", taken_back: "It is learnt no more.", use: "Use it",
    using: "The model is at work.", report: "Report", mask: "The bug as it was found", frame: "Where it lies", marks: "The marks that were found, numbered", choose_mark: "Learn mark {number}",
    learnt_from: "from {from} to {to}", by: "by {who}", no_learnings: "Nothing was learnt here yet.", wished: "It is in the queue.", history: "Learnt so far", progress: "Progress",
    m_name: "Model", m_channels: "Serves", m_right: "Right on", m_learnt: "Learnt", m_from: "From", m_decides: "Decides after", nobody: "no channel", samples: "{enter} / {leave} samples",
    no_models: "No channel has a model of its own yet.", card: "Card", folder: "Folder",
  },
  {
    title: "Инженер", channels: "Каналы", add: "Добавить канал", no_channels: "Каналов пока нет.", models: "Модели", back: "Все каналы",
    alarms: "Дрейф модели", no_alarms: "По модели этого канала тревог не было.", standing: "с {when}", was: "{from} – {to}", learn_again: "Обучить заново",
    unsure: "Модель больше не уверена в том, что видит", vanished: "Логотипа не видно уже несколько часов", disputed: "Люди не согласны с решениями модели",
    sureness: "уверенность {now}, обычно {usual}", picture: "Кадр {number} к тревоге", reason: "Снята: {why}",
    settings: "Настройки", save: "Сохранить", saved: "Сохранено; {name} работает по новым настройкам.", saved_not: "Сохранено, но программа их ещё не приняла: {why}", not_yet: "она ещё читает файл",
    stop: "Остановить", start: "Запустить", stopped: "{name}: остановлен.", started: "{name}: запущен.", remove: "Удалить…", remove_title: "Удалить {name}?",
    remove_what: "Запись прекратится, канал исчезнет из файла конфигурации. Всё записанное и найденное останется.", removed: "{name}: удалён.", cancel: "Отмена",
    name: "Короткое имя", name_hint: "строчные латинские буквы, цифры, _ и -", ch_title: "Название для людей", source: "Откуда берётся сигнал", pull: "забирать", push: "ждать подключения",
    address: "Адрес", address_hint: "rtmp://…, http://….m3u8, udp://…", listen_hint: "rtmp://0.0.0.0:1935/live/key, udp://…", kept: "Ключ не показан; оставьте как есть или напишите адрес целиком.",
    bug: "Логотип", bug_hint: "Модель, обученная на странице канала; или для начала картинка логотипа и его место; или ничего: тогда канал только записывается.",
    model: "Папка модели", logo: "Логотип, PNG на сервере", region: "Место: x,y,ширина,высота", timezone: "Часовой пояс", schedule_id: "Номер канала в программе передач",
    deliver: "Получатели, через запятую", by_default: "как обычно ({value})", yes: "да", no: "нет", more: "Остальные настройки", problem: "Файл в таком виде не принимается: {why}", not_applied: "Программа пока не работает по этим настройкам.",
    learn: "Обучить модель", learn_what: "По записи самого канала: от десяти минут с рекламной паузой. Займёт несколько минут, с низким приоритетом.",
    last: "Последние", minutes: "{count} мин", from: "С", to: "До", narrow: "Уточнить", search_region: "Где искать: x,y,ширина,высота", choose: "Номер отметки",
    go: "Обучить", queued: "ждёт", learning: "обучается", ready: "готова", used: "в работе", failed: "не вышло", take_back: "Прервать", taken_back: "Обучение прервано.", use: "Включить",
    using: "Модель включена.", report: "Отчёт", mask: "Найденный логотип", frame: "Где он находится", marks: "Найденные отметки с номерами", choose_mark: "Обучить по отметке {number}",
    learnt_from: "с {from} до {to}", by: "{who}", no_learnings: "Здесь ещё ничего не обучали.", wished: "Поставлено в очередь.", history: "Уже обучено", progress: "Ход обучения",
    m_name: "Модель", m_channels: "Каналы", m_right: "Верно", m_learnt: "Обучена", m_from: "На чём", m_decides: "Решает по", nobody: "не используется", samples: "{enter} / {leave} кадров",
    no_models: "Ни у одного канала ещё нет своей модели.", card: "Карточка", folder: "Папка",
  },
);

/** What the learner says that it is doing. */
export const step = words(
  {
    "looking through the footage": "looking through the recording", "looking for what stays": "looking for what stays", "cutting the mark out": "cutting the bug out", "reading footage": "reading the recording", "drawing pictures": "drawing pictures to learn from",
    training: "training", measuring: "measuring how good it is",
  },
  {
    "looking through the footage": "просматривает запись", "looking for what stays": "ищет, что не меняется", "cutting the mark out": "вырезает логотип", "reading footage": "читает запись", "drawing pictures": "рисует примеры для обучения",
    training: "обучает сеть", measuring: "измеряет качество",
  },
);
export const STEPS = ["looking through the footage", "looking for what stays", "cutting the mark out", "reading footage", "drawing pictures", "training", "measuring"] as const;

export const group = words(
  { ingest: "Connection", record: "Recording", retention: "Keeping", sampling: "Sampling", decision: "Decision", clips: "Clips", cues: "Cues (SCTE-35)", drift: "Watch over the model", inspect: "Search for what was painted over" },
  { ingest: "Подключение", record: "Запись", retention: "Хранение", sampling: "Выборка кадров", decision: "Решение", clips: "Клипы", cues: "Метки SCTE-35", drift: "Наблюдение за моделью", inspect: "Поиск закрашенного" },
);

export const meaning = words(
  {
    stall_timeout_s: "Lost after so many seconds without a packet", connect_timeout_s: "Longest time to connect, s", retry_initial_s: "First wait before a new attempt, s", retry_max_s: "Longest wait, s",
    file_s: "Length of a file, s", fragment_s: "Written at the latest after, s", max_age_h: "Oldest recording kept, hours, or none", max_bytes: "Most bytes", min_free_bytes: "Space kept free, bytes",
    rate_hz: "Samples a second; keyframes when empty", max_gap_s: "Largest gap between samples, s", dense_rate_hz: "Samples a second while a change is suspected",
    n_enter: "Samples in a row that begin a programme", n_leave: "Samples in a row that begin a break", min_certainty: "Samples less sure than this don't count", min_segment_s: "Shorter stretches are taken back, s",
    enabled: "On", keep_days: "Files are deleted after, days", min_confidence: "Less sure ends wait for a look", review_h: "Held for a look, hours",
    use: "Use the feed's cues", tolerance_s: "Farthest from the bug's change, s", write: "Make cues of what was found",
    window_min: "Judged by the last so many minutes", sureness: "Alarm below this share of the usual", vanished_after_h: "Alarm after so many hours without the bug",
    one_in: "One keyframe in so many", one_a_shot: "One keyframe a shot", most_behind_s: "Later than this, s, it leaves keyframes out", sure_after_s: "Webhooks are told after, s",
  },
  {
    stall_timeout_s: "Потерян после стольких секунд без данных", connect_timeout_s: "Предел подключения, с", retry_initial_s: "Первая пауза перед попыткой, с", retry_max_s: "Наибольшая пауза, с",
    file_s: "Длина файла, с", fragment_s: "На диск не позже чем через, с", max_age_h: "Хранить записи, часов, или none", max_bytes: "Не больше байт", min_free_bytes: "Оставлять свободными, байт",
    rate_hz: "Кадров в секунду; пусто: ключевые", max_gap_s: "Наибольший промежуток, с", dense_rate_hz: "Кадров в секунду при подозрении на смену",
    n_enter: "Кадров подряд до начала передачи", n_leave: "Кадров подряд до начала рекламы", min_certainty: "Менее уверенные кадры не считаются", min_segment_s: "Более короткие куски отменяются, с",
    enabled: "Включено", keep_days: "Удалять файлы через, дней", min_confidence: "Менее уверенные концы ждут проверки", review_h: "Держать для проверки, часов",
    use: "Учитывать метки сигнала", tolerance_s: "Дальше от смены логотипа не считать, с", write: "Делать метки из найденного",
    window_min: "Судить по последним минутам", sureness: "Тревога ниже этой доли обычного", vanished_after_h: "Тревога после стольких часов без логотипа",
    one_in: "Один ключевой кадр из стольких", one_a_shot: "Один ключевой кадр на план", most_behind_s: "При большем отставании пропускать кадры, с", sure_after_s: "Сообщать вебхукам через, с",
  },
);

export type Group = Parameters<typeof group>[0];
export type Setting = Parameters<typeof meaning>[0];
