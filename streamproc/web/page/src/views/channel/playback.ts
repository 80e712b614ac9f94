// Plays the recording in a <video>: finds the playlist for a moment, keeps to the scope's speed, and says where it is.

import { effect, signal } from "@preact/signals";
import type Hls from "hls.js";
import type { Fragment } from "hls.js";
import { epochAt, HOUR, MINUTE, SECOND } from "./model";
import { base, type Station } from "./station";

const LEAD = 10 * SECOND; // loaded before the moment that is wanted, for going back a little
const WINDOW = HOUR; // of what is long over, loaded in one playlist
const BACKWARDS_MS = 200;
const NOT_YET = new Set([404, 409]); // nothing of that time is recorded; it may be in a moment
const FAR_OFF = 0.35; // seconds that a player may be away from the one it follows
const PATIENCE_S = 5; // without a picture, after which the playlist is loaded anew
const LATE_MS = 30 * SECOND; // behind live, at which live is given up

/** Offsets of what is in the player against the recording, by the playlist's discontinuities. */
type Offsets = Map<number, number>;

export class Playback {
  readonly problem = signal<Error | null>(null);
  /** Whether the video shows the playhead; else a picture has to. */
  readonly shows = signal(false);

  private hls: Hls | null = null;
  private loading: { from: number; to: number | null } | null = null;
  private readonly offsets: Offsets = new Map();
  private frameCall = 0;
  private backwards: ReturnType<typeof setInterval> | undefined;
  private isClosed = false;

  /** leads: this player says where the playhead is; others follow it. */
  constructor(private readonly video: HTMLVideoElement, private readonly station: Station, private readonly leads: boolean) {}

  start(): () => void {
    const { scope } = this.station;
    const stops = [
      effect(() => {
        const { ms } = scope.jump.value;
        const speed = scope.speed.value;
        this.obey(ms, speed);
      }),
      effect(() => {
        // What the video shows last may be a frame beyond what it had told: it goes where the still picture is.
        const place = this.station.place.value;
        const there = place === null || this.stoppedAfter !== scope.jump.peek().count ? null : this.mediaTime(place.ms);
        if (there !== null && this.video.paused) this.video.currentTime = there;
      }),
      effect(() => {
        this.video.muted = scope.muted.value || !this.leads || Math.abs(scope.speed.value) > 4;
      }),
    ];
    const following = setInterval(() => (this.leads ? this.stopAtEnd() || this.holdOn() : this.keepUp()), 1000);
    const ended = (): void => this.goOn();
    const failed = (): void => {
      if (this.video.error !== null) this.problem.value = new Error(this.video.error.message);
    };
    this.video.addEventListener("ended", ended);
    this.video.addEventListener("error", failed);
    this.watch();
    return () => {
      this.isClosed = true;
      stops.forEach((stop) => stop());
      clearInterval(following);
      clearInterval(this.backwards);
      this.video.removeEventListener("ended", ended);
      this.video.removeEventListener("error", failed);
      if (this.frameCall !== 0) this.video.cancelVideoFrameCallback(this.frameCall);
      this.unload();
    };
  }

  private lastJump = -1;
  /** The last jump before it stopped; until another the playhead is what the video shows. */
  private stoppedAfter = -1;

  private obey(ms: number, speed: number): void {
    const { scope } = this.station;
    const isJump = scope.jump.peek().count !== this.lastJump;
    this.lastJump = scope.jump.peek().count;
    clearInterval(this.backwards);
    if (speed <= 0) {
      if (!this.video.paused && !isJump) this.stoppedAfter = this.lastJump;
      this.video.pause();
      if (this.stoppedAfter === this.lastJump) this.tell(this.video.currentTime);
      this.shows.value = false;
      if (speed < 0 && this.leads) this.backwards = setInterval(() => this.stepBack(), BACKWARDS_MS);
      return;
    }
    this.stoppedAfter = -1;
    this.video.defaultPlaybackRate = speed; // what is loaded anew begins with this one
    this.video.playbackRate = speed;
    const at = isJump ? ms : scope.at.peek();
    const there = this.mediaTime(at);
    if (there !== null && !scope.isLive.peek()) {
      if (isJump || Math.abs(this.video.currentTime - there) > FAR_OFF) this.video.currentTime = there;
      this.play();
    } else if (!(scope.isLive.peek() && !isJump && this.loading !== null)) void this.load(at, scope.isLive.peek());
    else this.play();
  }

  private stepBack(): void {
    const { scope } = this.station;
    scope.put(scope.at.peek() + scope.speed.peek() * BACKWARDS_MS);
  }

  private play(): void {
    this.video.play().catch((refused: Error) => {
      // The browser lets nothing sound before somebody has clicked: then without sound.
      if (refused.name !== "NotAllowedError" || this.video.muted) return;
      this.station.scope.muted.value = true;
      this.video.play().catch(() => this.station.scope.stop());
    });
  }

  private async load(at: number, isLive: boolean): Promise<void> {
    const from = at - LEAD;
    const isOver = this.station.scope.now() - at > WINDOW;
    const to = isOver ? at + WINDOW : null;
    const wanted = { from, to };
    this.unload();
    this.loading = wanted;
    const { default: Player } = await import("hls.js/light");
    if (this.isClosed || this.loading !== wanted) return;
    const iso = (ms: number): string => new Date(ms).toISOString();
    const range = `${base(this.station.name)}/hls/range.m3u8?from=${iso(from)}${to === null ? "" : `&to=${iso(to)}`}`;
    const hls = new Player({
      enableWorker: false, // its worker would be a script that the page's policy forbids, and fMP4 needs no work
      startPosition: isLive ? -1 : LEAD / SECOND,
      backBufferLength: 60,
      maxBufferLength: 20,
      liveDurationInfinity: true,
    });
    this.hls = hls;
    this.problem.value = null;
    hls.on(Player.Events.INIT_PTS_FOUND, (_event, { frag, initPTS, timescale }) => this.offsets.set(frag.cc, initPTS / timescale));
    hls.on(Player.Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      if (data.type === Player.ErrorTypes.MEDIA_ERROR && this.recovered < 2) {
        this.recovered++;
        hls.recoverMediaError();
        return;
      }
      this.problem.value = data.error;
      const isToCome = to === null && NOT_YET.has(data.response?.code ?? 0);
      if (!isToCome) this.station.scope.stop();
    });
    hls.on(Player.Events.LEVEL_LOADED, () => this.startAt(at, isLive));
    hls.loadSource(isLive ? `${base(this.station.name)}/hls/live.m3u8` : range);
    hls.attachMedia(this.video);
    this.play();
  }

  private recovered = 0;
  private hasStarted = false;

  /** Puts a playlist just loaded exactly where the playhead is: segments begin before it. */
  private startAt(at: number, isLive: boolean): void {
    if (this.hasStarted) return;
    this.hasStarted = true;
    if (isLive) return;
    const there = this.mediaTime(at);
    if (there !== null) this.video.currentTime = there;
  }

  private unload(): void {
    this.hls?.destroy();
    this.hls = null;
    this.loading = null;
    this.recovered = 0;
    this.hasStarted = false;
    this.offsets.clear();
    this.shows.value = false;
  }

  private fragments(): Fragment[] {
    const hls = this.hls;
    return hls?.levels[Math.max(0, hls.currentLevel)]?.details?.fragments ?? hls?.levels[0]?.details?.fragments ?? [];
  }

  /** Where in the player a moment is; null when no loaded playlist holds it. */
  private mediaTime(ms: number): number | null {
    for (const fragment of this.fragments()) {
      const start = fragment.programDateTime;
      if (start === null || ms < start - 1 || ms >= start + fragment.duration * SECOND) continue;
      const offset = this.offsets.get(fragment.cc);
      const epoch = epochAt(this.station.timeline.peek(), ms);
      // Known exactly once something of this recording was loaded; else as the playlist has it.
      if (offset !== undefined && epoch !== null && epoch.epoch === epochOf(fragment)) return (ms - epoch.start_ms) / SECOND - offset + 0.0005;
      return fragment.start + Math.max(0, ms - start) / SECOND;
    }
    return null;
  }

  /** The moment that is at a place in the player; null when that is not known. */
  private momentAt(media: number): number | null {
    const fragment = this.fragments().find(({ start, duration }) => media >= start - 0.001 && media < start + duration);
    if (fragment === undefined) return null;
    const offset = this.offsets.get(fragment.cc);
    const epoch = this.station.timeline.peek()?.epochs.find((one) => one.epoch === epochOf(fragment));
    if (offset !== undefined && epoch !== undefined) {
      // At its end a player stands behind the last frame, where nothing is.
      const end = epoch.end_ms === null ? Infinity : this.station.recordedUntil(epoch) - 1;
      return Math.min(epoch.start_ms + (media + offset) * SECOND, end);
    }
    return fragment.programDateTime === null ? null : fragment.programDateTime + (media - fragment.start) * SECOND;
  }

  /** Tells the scope where the frame is that has just come onto the screen. */
  private watch(): void {
    this.frameCall = this.video.requestVideoFrameCallback((_now, { mediaTime }) => {
      this.watch();
      const { scope } = this.station;
      if (this.video.seeking) return;
      // A frame that comes onto the screen while it stops is the one that is seen then.
      const isStopping = scope.speed.peek() === 0 && this.stoppedAfter === scope.jump.peek().count;
      if (isStopping && this.station.place.peek() === null) this.tell(mediaTime);
      if (scope.speed.peek() <= 0) return;
      const at = this.tell(mediaTime);
      if (at === null) return;
      this.shows.value = true;
      if (scope.isLive.peek() && scope.now() - at > LATE_MS) scope.isLive.value = false;
    });
  }

  /** Says which moment is on the screen; null when that is not known. */
  private tell(media: number): number | null {
    const at = this.momentAt(media);
    if (at !== null && this.leads) this.station.scope.put(at);
    return at;
  }

  /** Keeps a following player with the one that leads. */
  private keepUp(): void {
    const { scope } = this.station;
    if (scope.speed.peek() <= 0) return;
    const there = this.mediaTime(scope.at.peek());
    if (there === null) {
      if (this.loading === null || this.hasStarted) void this.load(scope.at.peek(), false);
    } else if (Math.abs(there - this.video.currentTime) > FAR_OFF) {
      this.video.currentTime = there;
      this.play();
    }
  }

  /** Stands where the recording is over: a playlist that may grow has no end by itself. */
  private stopAtEnd(): boolean {
    const { scope, timeline } = this.station;
    if (scope.speed.peek() <= 0 || this.video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return false;
    const last = timeline.peek()?.epochs.at(-1);
    if (last === undefined || last.end_ms === null || last.recorded_ms === null) return false;
    const isOver = scope.at.peek() > last.recorded_ms - SECOND / 2;
    if (isOver) scope.stop();
    return isOver;
  }

  private waited = 0;

  /** Loads the playlist anew where no picture comes: a feed that has just begun has none yet, or its first one grew. */
  private holdOn(): void {
    const { scope } = this.station;
    const waits = scope.speed.peek() > 0 && this.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    this.waited = waits ? this.waited + 1 : 0;
    if (this.waited < PATIENCE_S) return;
    this.waited = 0;
    void this.load(scope.at.peek(), scope.isLive.peek());
  }

  /** Goes on with the next playlist where one has ended; stands where nothing follows. */
  private goOn(): void {
    const { scope } = this.station;
    if (!this.leads || scope.speed.peek() <= 0) return;
    const end = this.loading?.to ?? null;
    if (end !== null && end < scope.now() - MINUTE) void this.load(Math.max(end, scope.at.peek()) + 1, false);
    else scope.stop();
  }
}

const epochOf = (fragment: Fragment): number => Number(/\/recording\/(\d+)\//.exec(fragment.url)?.[1] ?? NaN);
