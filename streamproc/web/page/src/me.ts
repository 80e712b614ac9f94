// Who is signed in, and what that person may do.

import { computed, signal } from "@preact/signals";
import { ApiError, csrf, get, signedOut } from "./api";

export type May = "view" | "edit" | "engineer" | "admin";
export interface Me {
  user: { id: number; name: string; full_name: string; role: string } | null;
  open: boolean;
  may: May[];
  sign_in: string[];
  csrf?: string | null;
}

export const me = signal<Me | null>(null);
const EVERYTHING: Me = { user: null, open: true, may: ["view", "edit", "engineer", "admin"], sign_in: [] };

export const may = computed(() => new Set<May>(me.value?.may ?? []));

export async function whoAmI(): Promise<void> {
  try {
    take(await get<Me>("/api/v1/session"));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) take(EVERYTHING);
    else if (!(error instanceof ApiError && error.status === 401)) throw error;
  }
}

export function take(who: Me): void {
  me.value = who;
  csrf.value = who.csrf ?? null;
  signedOut.value = false;
}
