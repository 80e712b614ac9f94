// The programmes of a channel, newest first, each with its file; for the channel's page.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useCallback, useEffect, useRef } from "preact/hooks";
import { type Schemas, get } from "../api";
import { listenInBursts } from "../live";
import { day, length, minute, ms } from "../time";
import { Button, Failed } from "../ui";
import { plural, words } from "../words";
import "../style/programmes.css";
import { type Programme, cutLength } from "./programme/cuts";
import { FileButton } from "./programme/file";
import { Doubt } from "./programme/title";

type Piece = Schemas["Piece"];
type Page = { items: Programme[]; next: string | null };

const t = words(
  {
    title: "Programmes", none: "No programme yet. It appears here, by its name, as soon as it is on air.", unnamed: "No name in the schedule", more: "Earlier", whole: "in one part",
    parts: "{parts}, {breaks}", on_air: "on air", unsure: "look at its cuts",
  },
  {
    title: "Программы", none: "Программ пока нет. Они появляются здесь по названию, как только выходят в эфир.", unnamed: "В программе передач нет названия", more: "Раньше", whole: "без перерывов",
    parts: "{parts}, {breaks}", on_air: "в эфире", unsure: "проверьте границы",
  },
);
const BURST_MS = 150;
const SHOWN = 20;

export function ProgrammeList({ channel }: { channel: string }): JSX.Element {
  const base = `/api/v1/channels/${encodeURIComponent(channel)}`;
  const items = useSignal<readonly Programme[] | null>(null);
  const pieces = useSignal<readonly Piece[]>([]);
  const limit = useSignal(SHOWN);
  const hasMore = useSignal(false);
  const error = useSignal<Error | null>(null);
  const asked = useRef(0);
  const again = useCallback(async () => {
    const mine = ++asked.current;
    try {
      const [programmes, files] = await Promise.all([
        get<Page>(`${base}/programmes?limit=${limit.value}`), get<{ items: Piece[] }>(`${base}/pieces?limit=200`),
      ]);
      if (mine !== asked.current) return;
      [items.value, pieces.value, hasMore.value, error.value] = [programmes.items, files.items, programmes.next !== null, null];
    } catch (problem) {
      if (mine === asked.current) error.value = problem as Error;
    }
  }, [base]);
  const take = useCallback((piece: Piece) => {
    pieces.value = [piece, ...pieces.value.filter((other) => other.id !== piece.id)].sort((one, other) => other.id - one.id);
  }, []);
  useEffect(() => {
    items.value = null;
    void again();
    const stop = listenInBursts(["programme", "review", "edit", "piece"], BURST_MS, () => void again(), (notice) => {
      if (notice.channel !== channel) return false;
      if (notice.type !== "piece" || notice.subject === null) return true;
      take(notice.subject as Piece);
      return false;
    });
    return () => {
      stop();
      asked.current++;
    };
  }, [again, take, channel]);
  const more = (): void => {
    limit.value = Math.min(1000, limit.value + 2 * SHOWN);
    void again();
  };
  return (
    <section class="card programmes" aria-label={t("title")}>
      <h2>{t("title")}</h2>
      <Failed error={error.value} />
      {items.value?.length === 0 && <p class="soft">{t("none")}</p>}
      <ol>
        {items.value?.map((programme) => (
          <li key={programme.id} data-programme={programme.id} data-state={programme.state}>
            <Times programme={programme} />
            <div class="what">
              <a href={`/programme/${programme.id}`} class={programme.title === null ? "unnamed" : undefined}>{programme.title ?? t("unnamed")}</a>
              <Doubt programme={programme} />
              {isUnsure(programme) && <small class="warned">{t("unsure")}</small>}
              {programme.description !== null && <small class="soft about">{programme.description}</small>}
            </div>
            <FileButton small programme={programme} pieces={pieces.value.filter((piece) => piece.programme_id === programme.id)} take={take} />
          </li>
        ))}
      </ol>
      {hasMore.value && <Button onClick={more}>{t("more")}</Button>}
    </section>
  );
}

const isUnsure = (programme: Programme): boolean =>
  programme.state !== "running" && programme.parts.some((part) => !part.start_sure || (part.end !== null && !part.end_sure));

export function partsWord(programme: Programme): string {
  const parts = programme.parts.length;
  if (parts < 2) return t("whole");
  return t("parts", {
    parts: `${parts} ${plural(parts, [t_("part"), t_("parts"), t_("many_parts")])}`,
    breaks: `${parts - 1} ${plural(parts - 1, [t_("break"), t_("breaks"), t_("many_breaks")])}`,
  });
}

const t_ = words(
  { part: "part", parts: "parts", many_parts: "parts", break: "break", breaks: "breaks", many_breaks: "breaks" },
  { part: "часть", parts: "части", many_parts: "частей", break: "перерыв", breaks: "перерыва", many_breaks: "перерывов" },
);

function Times({ programme }: { programme: Programme }): JSX.Element {
  const [first, last] = [programme.parts[0], programme.parts.at(-1)];
  const isOld = first?.start_utc != null && new Date(ms(first.start_utc)).toDateString() !== new Date().toDateString();
  return (
    <div class="times">
      {first?.start_utc && (
        <span>{isOld && `${day(first.start_utc)}, `}<time dateTime={first.start_utc}>{minute(first.start_utc)}</time> – {last?.end_utc ? minute(last.end_utc) : t("on_air")}</span>
      )}
      <small class="soft">{length(cutLength(programme))} · {partsWord(programme)}</small>
    </div>
  );
}
