// Time in words: wall time as the browser's clock has it, lengths, and time code.

import { signal } from "@preact/signals";
import { locale } from "./words";

/** Now, in Unix milliseconds; moves on every second, for what counts up. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 1000);

export type Moment = string | number;

const two = (number: number): string => String(number).padStart(2, "0");
const isToday = (date: Date): boolean => date.toDateString() === new Date().toDateString();
export const ms = (moment: Moment): number => (typeof moment === "number" ? moment : Date.parse(moment));

/** "23:40:05", with the day before it unless that is today. */
export function wall(moment: Moment): string {
  const date = new Date(moment);
  return isToday(date) ? clock(moment) : `${day(moment)}, ${clock(moment)}`;
}

export const clock = (moment: Moment): string => new Date(moment).toLocaleTimeString(locale.value, { hour12: false });
export const minute = (moment: Moment): string =>
  new Date(moment).toLocaleTimeString(locale.value, { hour: "2-digit", minute: "2-digit", hour12: false });
export const day = (moment: Moment): string => new Date(moment).toLocaleDateString(locale.value, { day: "numeric", month: "short" });

/** "1:05:30", "5:30" */
export function length(seconds: number): string {
  const whole = Math.floor(seconds + 1e-9);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A place in an epoch as time code, "01:05:30:12"; milliseconds where the frame rate is not known. */
export function timecode(seconds: number, frameRate: string | null): string {
  const whole = Math.floor(seconds + 1e-9);
  const start = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map(two).join(":");
  if (frameRate === null) return `${start}.${String(Math.floor((seconds - whole) * 1000 + 1e-6)).padStart(3, "0")}`;
  return `${start}:${two(Math.floor((seconds - whole) * rate(frameRate) + 1e-6))}`;
}

/** "30000/1001" → 29.97… */
export function rate(frameRate: string): number {
  const [frames = 25, seconds = 1] = frameRate.split("/").map(Number);
  return frames / seconds;
}
