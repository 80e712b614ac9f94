// Asks the API. Shapes come from its OpenAPI document: `make page` draws src/api.gen.ts from it.

import { signal } from "@preact/signals";
import type { components } from "./api.gen";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

/** What the server refuses, in its own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly problem: Partial<Problem> = {},
    /** After how many seconds it may be tried again, where the server says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }
}

/** The value that writes of a signed-in browser must carry; see the sign-in view. */
export const csrf = signal<string | null>(null);
/** True once an answer was 401: the shell shows the sign-in view then. */
export const signedOut = signal(false);

export interface Sent {
  body?: unknown;
  /** The version that is changed, for If-Match. */
  version?: number | string | undefined;
  /** Makes the same request again do nothing more. */
  key?: string | undefined;
  signal?: AbortSignal | undefined;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>("GET", path, { signal });
}

export async function send<T>(method: "POST" | "PATCH" | "PUT" | "DELETE", path: string, sent: Sent = {}): Promise<T> {
  return ask<T>(method, path, sent);
}

/** Fetches all parts of a list, at most `most` items. */
export async function all<T>(path: string, most = 5000, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let next: string | null = path;
  while (next !== null && items.length < most) {
    const page: { items: T[]; next: string | null } = await get(next, signal);
    items.push(...page.items);
    next = page.next;
  }
  return items;
}

/** A value for `Sent.key`: one for each press of a button. */
export const newKey = (): string => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function ask<T>(method: string, path: string, sent: Sent): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (sent.body !== undefined) headers["Content-Type"] = "application/json";
  if (sent.version !== undefined) headers["If-Match"] = `"${sent.version}"`;
  if (sent.key !== undefined) headers["Idempotency-Key"] = sent.key;
  if (method !== "GET" && csrf.value !== null) headers["X-CSRF-Token"] = csrf.value;
  const body = sent.body === undefined ? null : JSON.stringify(sent.body);
  // What is written goes on when the page is left or loaded anew at that moment; browsers allow 64 kB for it.
  const keepalive = method !== "GET" && (body?.length ?? 0) < 16_000;
  const answer = await fetch(path, { method, headers, body, keepalive, signal: sent.signal ?? null });
  if (!answer.ok) {
    if (answer.status === 401) signedOut.value = true;
    const problem: Partial<Problem> = await answer.json().catch(() => ({}));
    throw new ApiError(answer.status, problem.detail ?? `${answer.status} ${answer.statusText}`, problem, Number(answer.headers.get("Retry-After")) || null);
  }
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}
