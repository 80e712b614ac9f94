// The page: asks the API once, then follows live events. No framework; what is on screen is drawn from `data`.

import { programmes } from "./programmes.js";

const WORDS = {
  en: {
    skip: "Skip to the segments", channels: "Channels", segments: "Segments", kind: "On air", start: "Start", end: "End",
    duration: "Duration", confidence: "Confidence", state: "State", clip: "Clip", more: "Show earlier ones", close: "Close",
    download: "Download", play: "Play", range: "Time shown", filter: "Segments shown", all: "All",
    programme: "Programme", programmes: "Programmes", advert: "Adverts", adverts: "Adverts", unknown: "Unknown", gap: "No signal",
    provisional: "provisional", final: "final", now: "on air", since: "since {time}", frame: "frame {n}",
    recording: "recording", behind: "analysis is {lag} behind", connecting: "connecting", waiting: "no signal", stalled: "signal stalled",
    failing: "can't be recorded", unsupported: "format can't be read", finished: "file is over", down: "not running", "not-configured": "no longer configured", live: "live", offline: "connection lost, trying again", linking: "connecting",
    queued: "waiting to be cut", cutting: "being cut", failed: "cutting failed", no_segments: "Nothing has been found here yet.",
    no_channels: "No channel is configured. Add a [[channels]] table to streamproc.toml.", zone: "times in {zone}",
    broken: "This clip can't be played here. Try downloading it.", nothing: "nothing on air", api_lost: "The data can't be fetched: {why}",
    minutes: "{n} min", hours: "{n} h", size: "{n} MB", line: "Timeline: what was on air in the last {range}",
    alarm: "model", alarm_unsure: "The model no longer fits this channel", alarm_vanished: "The bug has not been seen for {hours} h",
    alarm_unsure_why: "Since {time} it is sure of {share} % of what it sees; {usual} % is usual.", alarm_vanished_why: "It was last seen at {time}. The model finds none on the picture.",
    alarm_disputed: "The model contradicts what people say", alarm_disputed_why: "Since {time} a minute or more was labelled the contrary of what it decided.",
    alarm_look: "Has the bug changed? Label where it is, then have the model learn again; the old one stays until the new one is better:", alarm_moved: "If it is in another place now, learn it anew with: streamproc logo learn",
    alarm_frame: "The picture when the alarm was raised", alarm_corner: "The bug's corner, picture {n}",
  },
  ru: {
    skip: "К сегментам", channels: "Каналы", segments: "Сегменты", kind: "В эфире", start: "Начало", end: "Конец",
    duration: "Длительность", confidence: "Уверенность", state: "Состояние", clip: "Ролик", more: "Показать более ранние", close: "Закрыть",
    download: "Скачать", play: "Смотреть", range: "Показанное время", filter: "Показанные сегменты", all: "Все",
    programme: "Программа", programmes: "Программы", advert: "Реклама", adverts: "Реклама", unknown: "Не определено", gap: "Нет сигнала",
    provisional: "предварительно", final: "окончательно", now: "в эфире", since: "с {time}", frame: "кадр {n}",
    recording: "идёт запись", behind: "анализ отстаёт на {lag}", connecting: "подключение", waiting: "нет сигнала", stalled: "сигнал прервался",
    failing: "не записывается", unsupported: "формат не читается", finished: "файл закончился", down: "не работает", "not-configured": "больше не настроен", live: "данные обновляются", offline: "связь потеряна, пробуем снова", linking: "подключение",
    queued: "ждёт нарезки", cutting: "нарезается", failed: "нарезка не удалась", no_segments: "Здесь пока ничего не найдено.",
    no_channels: "Не настроен ни один канал. Добавьте таблицу [[channels]] в streamproc.toml.", zone: "время: {zone}",
    broken: "Этот ролик не удаётся воспроизвести. Попробуйте скачать его.", nothing: "ничего в эфире", api_lost: "Не удаётся получить данные: {why}",
    minutes: "{n} мин", hours: "{n} ч", size: "{n} МБ", line: "Лента времени: что было в эфире за последние {range}",
    alarm: "модель", alarm_unsure: "Модель больше не подходит этому каналу", alarm_vanished: "Логотипа не видно уже {hours} ч",
    alarm_unsure_why: "С {time} она уверена в {share} % увиденного; обычно в {usual} %.", alarm_vanished_why: "Последний раз его было видно: {time}. Модель не находит его на картинке.",
    alarm_disputed: "Модель противоречит людям", alarm_disputed_why: "С {time} минута или больше размечена иначе, чем она решила.",
    alarm_look: "Логотип изменился? Разметьте, где он есть, и переобучите модель; старая остаётся, пока новая не станет лучше:", alarm_moved: "Если он теперь в другом месте, обучите модель заново: streamproc logo learn",
    alarm_frame: "Картинка в момент тревоги", alarm_corner: "Угол с логотипом, картинка {n}",
  },
};
const RANGES_MIN = [15, 60, 360, 1440];
const FILTERS = { all: "all", programme: "programmes", advert: "adverts" };
const PAGE = 50;

const data = { channels: new Map(), segments: new Map(), gaps: new Map(), next: new Map() };
const stored = (key, fallback) => { try { return localStorage.getItem(key) ?? fallback; } catch { return fallback; } };
const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode: not remembered */ } };
const view = {
  lang: stored("lang", navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en"),
  range: Number(stored("range", 60)), filter: "all", selected: null, link: "linking",
};

const $ = (id) => document.getElementById(id);
const t = (key, values = {}) => (WORDS[view.lang][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name]);

function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "text") node.textContent = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

// Time in words

const two = (n) => String(n).padStart(2, "0");
const locale = () => (view.lang === "ru" ? "ru-RU" : "en-GB");
const isToday = (date) => date.toDateString() === new Date().toDateString();

function wall(utc) {
  const date = new Date(utc);
  const clock = date.toLocaleTimeString(locale(), { hour12: false });
  return isToday(date) ? clock : `${date.toLocaleDateString(locale(), { day: "numeric", month: "short" })}, ${clock}`;
}

function length(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function timecode(edge, frameRate) {
  const whole = Math.floor(edge.time_s + 1e-9);
  const clock = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map(two).join(":");
  if (!frameRate) return `${clock}.${String(Math.floor((edge.time_s - whole) * 1000 + 1e-6)).padStart(3, "0")}`;
  const [frames, seconds] = frameRate.split("/").map(Number);
  return `${clock}:${two(Math.floor(((edge.time_s - whole) * frames) / seconds + 1e-6))}`;
}

const rangeName = (minutes) => (minutes < 60 ? t("minutes", { n: minutes }) : t("hours", { n: minutes / 60 }));
const runs = (segment) => segment.end === null;
const elapsed = (segment) => segment.duration_s ?? (segment.start.utc ? Math.max(0, (Date.now() - new Date(segment.start.utc)) / 1000) : null);

// What is drawn

const kindMark = (kind) => h("span", { class: "kind", "data-kind": kind, text: t(kind) });

function drawChannels() {
  const cards = [...data.channels.values()].map((channel) => h("li", {}, channelCard(channel)));
  const list = $("channels");
  const focused = document.activeElement?.dataset?.channel;
  list.replaceChildren(...(cards.length ? cards : [h("li", { class: "soft", text: t("no_channels") })]));
  if (focused) list.querySelector(`[data-channel="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function channelCard(channel) {
  const air = channel.on_air;
  const health = t(channel.health.state, { lag: length(channel.health.lag_s ?? 0) });
  return h("button", {
    type: "button", class: "channel", "data-channel": channel.name, "aria-current": String(channel.name === view.selected),
    onclick: () => select(channel.name),
  },
    h("span", { class: "name" }, h("span", { text: channel.title }),
      h("span", { class: "health", "data-state": channel.health.state, title: channel.health.message, text: health })),
    h("span", { class: "now" }, air ? kindMark(air.kind) : h("span", { class: "soft", text: t("nothing") }),
      air?.start.utc ? h("time", { datetime: air.start.utc, "data-elapsed": air.start.utc, text: length(elapsed(air)) }) : null),
    channel.alarm ? h("span", { class: "drifted", text: alarmTitle(channel.alarm) }) : null,
    channel.source ? h("span", { class: "source", text: channel.source, title: channel.source }) : null,
    timeline(channel.name, 60));
}

const alarmTitle = (alarm) => t(`alarm_${alarm.kind}`, { hours: (alarm.absent_s / 3600).toLocaleString(locale(), { maximumFractionDigits: 1 }) });
const percent = (share) => Math.round(share * 100);

function drawAlarm(alarm) {
  const box = $("alarm");
  const source = alarm ? view.lang + JSON.stringify(alarm) : "";
  if (box.dataset.source === source) return;
  box.dataset.source = source;
  box.hidden = !alarm;
  if (!alarm) return box.replaceChildren();
  const why = t(`alarm_${alarm.kind}_why`, { time: wall(alarm.since_utc), share: percent(alarm.sureness), usual: percent(alarm.usual) });
  const alt = (index) => (alarm.pictures.length > 1 && index === 0 ? t("alarm_frame") : t("alarm_corner", { n: index || 1 }));
  box.replaceChildren(
    h("h3", { id: "alarm-title", text: alarmTitle(alarm) }),
    h("p", { text: why }),
    h("p", { text: t("alarm_look") }),
    h("pre", { tabindex: "0", text: `streamproc logo label ${alarm.channel} --config streamproc.toml --programme START/END --advert START/END\n${alarm.command}` }),
    h("p", { class: "soft", text: t("alarm_moved") }),
    h("div", { class: "pictures" }, ...alarm.pictures.map((address, index) => h("a", { href: address }, h("img", { src: address, alt: alt(index), loading: "lazy" })))));
}

function timeline(name, minutes) {
  const end = Date.now();
  const start = end - minutes * 60_000;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const attributes = { class: "line", viewBox: "0 0 10000 10", preserveAspectRatio: "none", role: "img", "aria-label": t("line", { range: rangeName(minutes) }) };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  const put = (from, to, className, label) => {
    const left = Math.max(0, ((from - start) / (end - start)) * 10000);
    const right = Math.min(10000, ((to - start) / (end - start)) * 10000);
    if (right <= left) return;
    const rect = document.createElementNS(svg.namespaceURI, "rect");
    for (const [key, value] of Object.entries({ x: left, y: 0, width: right - left, height: 10, class: className })) rect.setAttribute(key, value);
    const title = document.createElementNS(svg.namespaceURI, "title");
    title.textContent = label;
    rect.append(title);
    svg.append(rect);
  };
  for (const gap of data.gaps.get(name) ?? []) {
    if (gap.start_utc && gap.end_utc) put(new Date(gap.start_utc), new Date(gap.end_utc), "gap", `${t("gap")} ${wall(gap.start_utc)} – ${wall(gap.end_utc)}`);
  }
  for (const segment of data.segments.get(name)?.values() ?? []) {
    if (!segment.start.utc) continue;
    const to = runs(segment) ? end : new Date(segment.end.utc);
    put(new Date(segment.start.utc), to, `${segment.kind} ${segment.state}`, `${t(segment.kind)} ${wall(segment.start.utc)} – ${runs(segment) ? t("now") : wall(segment.end.utc)}`);
  }
  return svg;
}

function drawTimeline() {
  const end = Date.now();
  const span = view.range * 60_000;
  const ticks = h("div", { class: "ticks", "aria-hidden": "true" });
  const width = Math.max(320, $("detail").clientWidth);
  const step = [1, 5, 15, 30, 60, 180, 360].find((minutes) => (view.range / minutes) * 75 <= width) ?? 360;
  const offset = new Date().getTimezoneOffset() * 60_000;
  for (let at = Math.ceil((end - span - offset) / (step * 60_000)) * step * 60_000 + offset; at < end - (span * 70) / width; at += step * 60_000) {
    if (at < end - span * 0.97) continue;
    const tick = h("span", { text: new Date(at).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", hour12: false }) });
    tick.style.left = `${((at - end + span) / span) * 100}%`;
    ticks.append(tick);
  }
  const now = h("span", { text: new Date(end).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", hour12: false }) });
  now.style.left = "100%";
  ticks.append(now);
  $("timeline").replaceChildren(timeline(view.selected, view.range), ticks);
}

const drawn = new Map(); // segment id → [what it was drawn from, its row]

function drawRows() {
  const segments = [...(data.segments.get(view.selected)?.values() ?? [])]
    .filter((segment) => view.filter === "all" || segment.kind === view.filter).sort((a, b) => b.id - a.id);
  const rows = segments.map(rowOf);
  const body = $("rows");
  if (rows.length !== body.children.length || rows.some((row, index) => row !== body.children[index])) body.replaceChildren(...rows);
  $("empty").hidden = rows.length > 0;
  $("more").hidden = !data.next.get(view.selected);
}

function rowOf(segment) {
  const source = view.lang + JSON.stringify(segment);
  const [before, row] = drawn.get(segment.id) ?? [];
  if (before === source) return row;
  const fresh = h("tr", { role: "row", "data-segment": segment.id, class: view.settled ? "fresh" : null }, ...cells(segment));
  drawn.set(segment.id, [source, fresh]);
  return fresh;
}

function cells(segment) {
  const cell = (name, ...content) => h("td", { role: "cell", class: name, "data-label": t(name) }, ...content);
  const seconds = elapsed(segment);
  return [
    cell("kind", kindMark(segment.kind), segment.title ? h("small", { text: segment.title }) : null),
    cell("start", ...edgeCell(segment.start, segment.frame_rate)),
    runs(segment) ? cell("end", h("span", { class: "live", text: t("now") })) : cell("end", ...edgeCell(segment.end, segment.frame_rate)),
    cell("duration", h("span", { "data-elapsed": runs(segment) ? segment.start.utc : null, text: seconds === null ? "–" : length(seconds) })),
    cell("confidence", `${Math.round(segment.confidence * 100)} %`, h("meter", { min: 0, max: 1, value: segment.confidence, "aria-hidden": "true" })),
    cell("state", h("span", { class: "state", "data-state": segment.state, text: t(segment.state) })),
    h("td", { role: "cell", class: segment.clip ? "clips" : "clips none" }, clipCell(segment)),
  ];
}

function edgeCell(edge, frameRate) {
  const code = timecode(edge, frameRate);
  const frame = edge.frame === null ? null : h("span", { text: t("frame", { n: edge.frame.toLocaleString(locale()) }) });
  return [edge.utc ? h("time", { datetime: edge.utc, text: wall(edge.utc) }) : h("span", { text: code }), h("small", {}, h("span", { text: code }), frame)];
}

function clipCell(segment) {
  const clip = segment.clip;
  if (!clip) return h("span", { class: "soft", text: "–" });
  if (clip.state !== "ready") return h("span", { class: `soft ${clip.state}`, title: clip.message, text: t(clip.state) });
  const size = t("size", { n: (clip.size_bytes / 1e6).toFixed(1) });
  return h("span", { class: "clip" },
    h("button", { type: "button", text: t("play"), onclick: () => play(segment) }),
    h("a", { href: clip.download, download: true, title: size, text: t("download") }));
}

function drawSwitches() {
  const choice = (value, chosen, text, choose) => h("button", { type: "button", "data-value": value, "aria-pressed": String(value === chosen), text, onclick: () => { choose(value); draw(); } });
  const keep = (box, buttons) => {
    const focused = document.activeElement?.parentElement === box ? document.activeElement.dataset.value : null;
    box.replaceChildren(...buttons);
    if (focused !== null) box.querySelector(`[data-value="${focused}"]`)?.focus();
  };
  keep($("ranges"), RANGES_MIN.map((minutes) => choice(minutes, view.range, rangeName(minutes), (value) => { view.range = value; store("range", value); fill(view.selected); })));
  keep($("filters"), Object.entries(FILTERS).map(([value, word]) => choice(value, view.filter, t(word), (chosen) => { view.filter = chosen; })));
  $("legend").replaceChildren(...["programme", "advert", "unknown", "gap"].map((kind) => h("li", {}, kindMark(kind))));
}

function drawLink() {
  $("link").dataset.state = { live: "live", offline: "lost" }[view.link] ?? "connecting";
  $("link").textContent = view.trouble ? t("api_lost", { why: view.trouble }) : t(view.link);
}

function draw() {
  const channel = data.channels.get(view.selected);
  drawChannels();
  drawLink();
  $("detail").hidden = !channel;
  if (!channel) return;
  $("detail-title").textContent = channel.title;
  drawSwitches();
  drawAlarm(channel.alarm);
  drawTimeline();
  finished.draw(view.selected);
  drawRows();
}

let waiting = false;
function drawSoon() {
  if (waiting) return;
  waiting = true;
  setTimeout(() => { waiting = false; draw(); view.settled = true; }, 50);
}

function speak(lang) {
  view.lang = lang;
  store("lang", lang);
  document.documentElement.lang = lang;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const node of document.querySelectorAll("[data-lang]")) node.setAttribute("aria-pressed", String(node.dataset.lang === lang));
  const zone = new Intl.DateTimeFormat(locale(), { timeZoneName: "short" }).formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;
  $("zone").textContent = t("zone", { zone });
  view.settled = false;
  draw();
  view.settled = true;
}

// Where it comes from

async function get(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.detail ?? `HTTP ${answer.status}`);
  return answer.json();
}

async function attempt(work) {
  try {
    await work();
    view.trouble = null;
  } catch (error) {
    view.trouble = error.message;
  }
  drawSoon();
}

const fetchChannels = () => attempt(async () => {
  const { items } = await get("/api/v1/channels");
  data.channels = new Map(items.map((channel) => [channel.name, channel]));
  if (!data.channels.has(view.selected)) {
    const wanted = decodeURIComponent(location.hash.slice(1));
    view.selected = data.channels.has(wanted) ? wanted : (items[0]?.name ?? null);
  }
});

const finished = programmes({ h, wall, length, get, view, attempt });

async function fetchChannel(name) {
  const base = `/api/v1/channels/${encodeURIComponent(name)}`;
  const [segments, gaps] = await Promise.all([get(`${base}/segments?limit=${PAGE}`), get(`${base}/gaps?limit=200`), finished.fetchOf(name)]);
  data.segments.set(name, new Map(segments.items.map((segment) => [segment.id, segment])));
  data.next.set(name, segments.next);
  data.gaps.set(name, gaps.items);
}

async function fetchMore(name) {
  const page = await get(data.next.get(name));
  for (const segment of page.items) data.segments.get(name).set(segment.id, segment);
  data.next.set(name, page.next);
}

// Segments reach as far back as the timeline shows.
const fill = (name) => attempt(async () => {
  const from = Date.now() - view.range * 60_000;
  const oldest = () => Math.min(...[...data.segments.get(name).values()].map((segment) => (segment.start.utc ? +new Date(segment.start.utc) : -Infinity)));
  while (data.next.get(name) && oldest() > from) await fetchMore(name);
});

async function fetchAll() {
  await fetchChannels();
  await Promise.all([...data.channels.keys()].map((name) => attempt(() => fetchChannel(name))));
  if (view.selected) await fill(view.selected);
}

function select(name) {
  view.selected = name;
  view.settled = false;
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  draw();
  fill(name);
}

const HANDLERS = {
  segment({ channel, subject, subject_id: id }) {
    const segments = data.segments.get(channel);
    if (!segments) return;
    if (subject) segments.set(id, subject);
    else segments.delete(id);
    const known = data.channels.get(channel);
    if (known && subject && (runs(subject) || known.on_air?.id === id)) known.on_air = runs(subject) ? subject : null;
  },
  "segment-removed"({ channel, subject_id: id }) { data.segments.get(channel)?.delete(id); },
  clip({ channel, subject }) {
    const segment = subject && data.segments.get(channel)?.get(subject.segment_id);
    if (segment) data.segments.get(channel).set(segment.id, { ...segment, clip: subject });
  },
  alarm({ channel, subject }) {
    const known = data.channels.get(channel);
    if (known && subject) known.alarm = subject.cleared_utc ? null : subject;
  },
  piece({ subject }) { if (subject) finished.takePiece(subject); },
  programme({ channel }) { finished.fetchSoon(channel); },
  review({ channel }) { finished.fetchSoon(channel); },
  boundary({ channel }) { finished.fetchSoon(channel); },
  gap({ channel }) { attempt(() => fetchChannel(channel)); },
  epoch() { fetchChannels(); },
  channel() { fetchAll(); },
};

function follow() {
  const source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => { view.link = "live"; drawSoon(); });
  source.addEventListener("error", () => {
    view.link = "offline";
    drawSoon();
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000); // refused: the browser has given up, we have not
  });
  source.addEventListener("reset", fetchAll);
  for (const [type, handle] of Object.entries(HANDLERS)) {
    source.addEventListener(type, (event) => { handle(JSON.parse(event.data)); drawSoon(); });
  }
}

function play(segment) {
  const [dialog, video] = [$("player"), $("player").querySelector("video")];
  $("player-title").textContent = `${data.channels.get(segment.channel)?.title ?? segment.channel} · ${segment.start.utc ? wall(segment.start.utc) : timecode(segment.start, segment.frame_rate)} · ${length(segment.duration_s)}`;
  $("player-download").href = segment.clip.download;
  $("player-error").hidden = true;
  video.src = segment.clip.download;
  dialog.showModal();
  video.play().catch(() => { /* the reader presses play, or the error event tells */ });
}

$("player").addEventListener("close", () => { const video = $("player").querySelector("video"); video.pause(); video.removeAttribute("src"); video.load(); });
$("player").querySelector("video").addEventListener("error", (event) => {
  if (!event.target.getAttribute("src")) return;
  $("player-error").textContent = t("broken");
  $("player-error").hidden = false;
});
$("player-close").addEventListener("click", () => $("player").close());
$("more").addEventListener("click", () => attempt(() => fetchMore(view.selected)));
for (const button of document.querySelectorAll("[data-lang]")) button.addEventListener("click", () => speak(button.dataset.lang));
window.addEventListener("hashchange", () => { const name = decodeURIComponent(location.hash.slice(1)); if (data.channels.has(name)) select(name); });

setInterval(() => {
  for (const node of document.querySelectorAll("[data-elapsed]")) node.textContent = length(Math.max(0, (Date.now() - new Date(node.dataset.elapsed)) / 1000));
}, 1000);
setInterval(fetchChannels, 5000);

speak(view.lang);
follow();
fetchAll();
