// The programmes of a channel, by name, and what waits for somebody's look; drawn from the API, written back to it.

const WORDS = {
  en: {
    title: "Programmes", part_one: "in one part", parts: "{n} parts, {breaks}", break_one: "1 break", breaks: "{n} breaks", unnamed: "No name in the schedule",
    running: "on air", by_hand: "named by {who}", unsure_name: "name uncertain: {n} %", unsure_split: "no break to the neighbour: look where it is split",
    make: "Make the file", make_title: "One file without the breaks", waiting: "waiting for its end", queued: "waiting to be cut", cutting: "being made", failed: "failed: {why}",
    again: "Try again", download: "Download", exports: "Edit lists", rename: "Rename", rename_ask: "What is it called?", reviews: "To be checked", accept: "It is right",
    until: "the recording of it is kept until {time}", boundary: "Boundary", name: "Name", split: "Split", refused: "Not done: {why}",
  },
  ru: {
    title: "Программы", part_one: "без перерывов", parts: "частей: {n}, {breaks}", break_one: "1 перерыв", breaks: "перерывов: {n}", unnamed: "В программе передач нет названия",
    running: "в эфире", by_hand: "название дал(а) {who}", unsure_name: "название под вопросом: {n} %", unsure_split: "нет рекламы между программами: проверьте стык",
    make: "Собрать файл", make_title: "Один файл без рекламы", waiting: "ждёт окончания", queued: "ждёт нарезки", cutting: "собирается", failed: "не удалось: {why}",
    again: "Ещё раз", download: "Скачать", exports: "Монтажные листы", rename: "Переименовать", rename_ask: "Как это называется?", reviews: "На проверку", accept: "Всё верно",
    until: "запись хранится до {time}", boundary: "Граница", name: "Название", split: "Стык", refused: "Не выполнено: {why}",
  },
};
const BURST_MS = 400;
const SHOWN = 12;
const SURE_NAME = 0.9;
const EXPORTS = { edl: "EDL (CMX3600)", otio: "OTIO", fcpxml: "FCPXML", fcp7: "Premiere XML", "csv-semicolon": "CSV", vtt: "WebVTT" };

export function programmes({ h, wall, length, get, view, attempt }) {
  const known = new Map(); // channel → { programmes, pieces, reviews }
  const box = document.getElementById("finished");
  const t = (key, values = {}) => WORDS[view.lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const timers = new Map();
  let drawn = "";

  async function fetchOf(channel) {
    const base = `/api/v1/channels/${encodeURIComponent(channel)}`;
    const [programmes, pieces, reviews] = await Promise.all(
      [`${base}/programmes?limit=${SHOWN}`, `${base}/pieces?limit=100`, `${base}/reviews`].map(get));
    const newest = new Map();
    for (const piece of pieces.items.toReversed()) if (piece.programme_id !== null) newest.set(piece.programme_id, piece);
    known.set(channel, { programmes: programmes.items, pieces: newest, reviews: reviews.items });
  }

  // Changes come in bursts; one look after the burst tells them all.
  function fetchSoon(channel) {
    clearTimeout(timers.get(channel));
    timers.set(channel, setTimeout(() => attempt(() => fetchOf(channel)), BURST_MS));
  }

  function takePiece(piece) {
    const of = known.get(piece.channel);
    const before = of?.pieces.get(piece.programme_id);
    if (of && piece.programme_id !== null && (before?.id ?? 0) <= piece.id) of.pieces.set(piece.programme_id, piece);
  }

  async function send(method, path, body) {
    const answer = await fetch(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(t("refused", { why: (await answer.json().catch(() => null))?.detail ?? `HTTP ${answer.status}` }));
    return answer.json();
  }

  const act = (channel, work) => attempt(async () => {
    await work();
    await fetchOf(channel);
  });

  function draw(channel) {
    const of = known.get(channel);
    const source = of ? view.lang + channel + JSON.stringify([of.programmes, [...of.pieces], of.reviews]) : "";
    if (source === drawn) return;
    drawn = source;
    box.hidden = !of || (!of.programmes.length && !of.reviews.length);
    if (box.hidden) return box.replaceChildren();
    box.replaceChildren(
      ...(of.reviews.length ? [h("h3", { text: t("reviews") }), h("ul", { id: "reviews" }, ...of.reviews.map((one) => review(channel, one)))] : []),
      ...(of.programmes.length ? [h("h3", { text: t("title") }), h("ul", { id: "programmes" }, ...of.programmes.map((one) => programme(channel, one, of.pieces.get(one.id))))] : []));
  }

  function review(channel, one) {
    const accept = () => act(channel, () => send("POST", one.review, { verdict: "accepted" }));
    return h("li", { class: "review" },
      h("span", { class: "what" }, h("b", { text: one.title ?? t(one.doubt) }), one.utc ? h("time", { datetime: one.utc, text: wall(one.utc) }) : null),
      h("span", { text: one.message[view.lang] }),
      h("span", { class: "soft", text: t("until", { time: wall(one.until_utc) }) }),
      h("button", { type: "button", text: t("accept"), onclick: accept }));
  }

  function programme(channel, one, piece) {
    const [first, last] = [one.parts[0], one.parts.at(-1)];
    const times = `${first.start_utc ? wall(first.start_utc) : "–"} – ${last.end_utc ? wall(last.end_utc) : t("running")}`;
    return h("li", { class: "programme", "data-programme": one.id },
      h("span", { class: "times" }, h("span", { text: times }), h("small", { text: [breaks(one.parts.length), one.duration_s === null ? null : length(one.duration_s)].filter(Boolean).join(" · ") })),
      h("span", { class: "what" }, h("b", { class: one.title ? null : "soft", text: one.title ?? t("unnamed") }), doubt(one), one.description ? h("small", { text: one.description }) : null),
      h("span", { class: "clip" }, fileOf(channel, one, piece), more(channel, one)));
  }

  const breaks = (parts) => (parts === 1 ? t("part_one") : t("parts", { n: parts, breaks: parts === 2 ? t("break_one") : t("breaks", { n: parts - 1 }) }));

  function doubt(one) {
    if (one.title_author) return h("small", { text: t("by_hand", { who: one.title_author }) });
    if (one.title && one.confidence < SURE_NAME) return h("small", { class: "unsure", text: t("unsure_name", { n: Math.round(one.confidence * 100) }) });
    if (one.parts.some((part) => !part.start_sure || (part.end && !part.end_sure))) return h("small", { class: "unsure", text: t("unsure_split") });
    return null;
  }

  function fileOf(channel, one, piece) {
    const make = (text) => h("button", {
      type: "button", text, title: t("make_title"),
      onclick: () => act(channel, () => send("POST", `/api/v1/programmes/${one.id}/pieces`, {})),
    });
    if (one.state === "running") return h("span", { class: "soft", text: t("running") });
    if (!piece) return make(t("make"));
    if (piece.state === "ready") return h("a", { class: "primary", href: piece.download, download: true, text: t("download") });
    if (piece.state === "failed") return h("span", {}, h("span", { class: "failed", text: t("failed", { why: piece.message }) }), make(t("again")));
    return h("span", { class: "soft", text: t(piece.state) });
  }

  function more(channel, one) {
    const rename = () => {
      const title = prompt(t("rename_ask"), one.title ?? "")?.trim();
      if (title) act(channel, () => send("PATCH", `/api/v1/programmes/${one.id}`, { title }));
    };
    const lists = one.state === "running" ? [] : Object.entries(EXPORTS).map(([format, name]) =>
      h("a", { href: `/api/v1/programmes/${one.id}/export/${format}`, download: true, text: name }));
    return h("details", {}, h("summary", { "aria-label": `${t("exports")}: ${one.title ?? t("unnamed")}`, text: "⋯" }),
      h("span", { class: "menu" }, h("button", { type: "button", text: t("rename"), onclick: rename }), ...lists));
  }

  return { fetchOf, fetchSoon, takePiece, draw };
}
