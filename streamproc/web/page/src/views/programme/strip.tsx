// A programme at a glance: parts and breaks, as long as they are.

import type { JSX } from "preact";
import { length } from "../../time";
import type { Cut, Programme } from "./cuts";
import { t } from "./words";

interface Piece {
  key: string;
  kind: "programme" | "advert";
  name: string;
  seconds: number;
  /** The cut that it begins with. */
  cut: Cut | null;
}

function piecesOf(programme: Programme, cuts: readonly Cut[]): Piece[] {
  const pieces: Piece[] = [];
  programme.parts.forEach((part, index) => {
    const start = cuts.find((cut) => cut.part === index && cut.end === "start");
    const previous = cuts.find((cut) => cut.part === index - 1 && cut.end === "end");
    if (index > 0 && previous !== undefined && start !== undefined) {
      const seconds = previous.utc !== null && start.utc !== null ? (Date.parse(start.utc) - Date.parse(previous.utc)) / 1000 : start.seconds - previous.seconds;
      pieces.push({ key: `break${index}`, kind: "advert", name: t(previous.after === "advert" ? "advert_break" : "gap_break"), seconds, cut: previous });
    }
    pieces.push({ key: `part${index}`, kind: "programme", name: t("part", { n: index + 1 }), seconds: (part.end_s ?? part.start_s) - part.start_s, cut: start ?? null });
  });
  return pieces;
}

export function Strip({ programme, cuts, selected, onPick }: {
  programme: Programme;
  cuts: readonly Cut[];
  selected: string;
  onPick: (key: string) => void;
}): JSX.Element {
  return (
    <ol class="strip" aria-label={t("strip")}>
      {piecesOf(programme, cuts).map(({ key, kind, name, seconds, cut }) => (
        <li key={key} data-kind={kind} style={{ flexGrow: Math.max(1, seconds) }}>
          <button type="button" aria-pressed={cut !== null && cut.key === selected} onClick={() => cut !== null && onPick(cut.key)}>
            <span>{name}</span> <small>{length(seconds)}</small>
          </button>
        </li>
      ))}
    </ol>
  );
}
