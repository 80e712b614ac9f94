// What channels that are looked at together share: the stretch that is shown, the playhead, its speed, the marks.

import { computed, signal } from "@preact/signals";
import { clamp, HOUR, LONGEST, moved, type Range, SHORTEST, span, zoomed } from "./model";

/** Where the playhead was put, and how often it was: a player follows this, and not what it tells itself. */
export interface Jump {
  ms: number;
  count: number;
}

export interface Marks {
  in: number | null;
  out: number | null;
}

const AHEAD = 0.04; // of what is shown lies ahead of now while the live edge is followed
const TICK_MS = 100;
const SPEEDS = [1, 2, 4, 8] as const;

export class Scope {
  readonly range = signal<Range>({ from: 0, to: 1 });
  readonly at = signal(0);
  readonly jump = signal<Jump>({ ms: 0, count: 0 });
  /** 0 while it stands, below 0 backwards. */
  readonly speed = signal(0);
  /** Whether what is shown moves on with the live edge. */
  readonly follows = signal(true);
  /** Whether the player stays as near to live as it can. */
  readonly isLive = signal(false);
  readonly marks = signal<Marks>({ in: null, out: null });
  /** How much later the server's clock is than the browser's. */
  readonly skew = signal(0);
  readonly muted = signal(false);
  readonly isPlaying = computed(() => this.speed.value !== 0);

  constructor(wide: number = HOUR) {
    this.showLive(wide);
    this.at.value = this.now();
    this.jump.value = { ms: this.at.value, count: 0 };
  }

  now(): number {
    return Date.now() + this.skew.peek();
  }

  /** Shows the last stretch up to now. */
  showLive(wide: number = span(this.range.peek())): void {
    const length = clamp(wide, SHORTEST, LONGEST);
    const to = this.now() + length * AHEAD;
    this.follows.value = true;
    this.range.value = { from: to - length, to };
  }

  show(range: Range): void {
    const wide = clamp(span(range), SHORTEST, LONGEST);
    const latest = this.now() + wide * 0.5;
    const by = Math.min(0, latest - range.to);
    this.range.value = { from: range.from + by, to: range.from + by + wide };
    const now = this.now();
    this.follows.value = this.range.value.from < now && this.range.value.to > now;
  }

  /** Lets what is shown move on with the live edge. Returns how to stop. */
  start(): () => void {
    let before = this.now();
    const timer = setInterval(() => {
      const now = this.now();
      // Less than a fifth of a pixel is not worth drawing.
      if (now - before < span(this.range.peek()) / 5000) return;
      if (this.follows.peek()) this.range.value = moved(this.range.peek(), now - before);
      before = now;
    }, TICK_MS);
    return () => clearInterval(timer);
  }

  zoom(factor: number, about?: number): void {
    const range = this.range.value;
    const at = this.at.value;
    const inView = at >= range.from && at <= range.to;
    this.show(zoomed(range, factor, about ?? (inView ? at : (range.from + range.to) / 2)));
  }

  pan(by: number): void {
    this.show(moved(this.range.value, by));
  }

  /** Puts the playhead somewhere; what is shown follows when that lies outside. */
  seek(ms: number): void {
    this.isLive.value = false;
    this.put(Math.min(ms, this.now()));
    this.jump.value = { ms: this.at.value, count: this.jump.value.count + 1 };
  }

  /** Takes a player's word for where it is. */
  put(ms: number): void {
    this.at.value = ms;
    const range = this.range.value;
    if (ms < range.from || ms > range.to) this.show(moved(range, ms - (range.from + span(range) * (this.speed.value > 0 ? 0.1 : 0.5))));
  }

  /** Puts a playhead that nobody has moved yet where something is recorded. */
  rest(ms: number): void {
    if (this.jump.peek().count === 0 && this.speed.peek() === 0) this.at.value = Math.min(this.at.peek(), ms);
  }

  goLive(): void {
    this.isLive.value = true;
    this.speed.value = 1;
    this.showLive(Math.min(span(this.range.value), 6 * HOUR));
    this.at.value = this.now();
    this.jump.value = { ms: this.at.value, count: this.jump.value.count + 1 };
  }

  toggle(): void {
    this.speed.value = this.speed.value === 0 ? 1 : 0;
  }

  stop(): void {
    this.speed.value = 0;
    this.isLive.value = false;
  }

  /** L and J: on in a direction, faster each time. */
  shuttle(direction: 1 | -1): void {
    const at = SPEEDS.indexOf(Math.abs(this.speed.value) as 1);
    const isSame = Math.sign(this.speed.value) === direction;
    this.speed.value = direction * (SPEEDS[isSame ? Math.min(at + 1, SPEEDS.length - 1) : 0] ?? 1);
    if (direction < 0) this.isLive.value = false;
  }

  mark(which: "in" | "out", ms: number | null): void {
    const marks = { ...this.marks.value, [which]: ms };
    // A mark on the wrong side of the other begins a new pair.
    if (marks.in !== null && marks.out !== null && marks.out <= marks.in) marks[which === "in" ? "out" : "in"] = null;
    this.marks.value = marks;
  }
}
