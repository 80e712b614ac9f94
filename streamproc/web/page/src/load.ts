// Fetching for a view: what was got, what went wrong, and getting it again.

import { type Signal, useSignal } from "@preact/signals";
import { useCallback, useEffect, useRef } from "preact/hooks";
import { ApiError, get } from "./api";

export interface Loaded<T> {
  value: Signal<T | null>;
  error: Signal<ApiError | Error | null>;
  /** Gets it again; what is shown stays until the new is there. */
  again: () => void;
}

/** Fetches a path when a view appears and whenever the path changes; null fetches nothing. */
export function useLoaded<T>(path: string | null): Loaded<T> {
  const value = useSignal<T | null>(null);
  const error = useSignal<Error | null>(null);
  const asked = useRef<AbortController | null>(null);
  const again = useCallback(() => {
    asked.current?.abort();
    if (path === null) return;
    const control = new AbortController();
    asked.current = control;
    get<T>(path, control.signal).then(
      (got) => {
        value.value = got;
        error.value = null;
      },
      (problem: Error) => {
        if (!control.signal.aborted) error.value = problem;
      },
    );
  }, [path]);
  useEffect(() => {
    value.value = null;
    again();
    return () => asked.current?.abort();
  }, [again]);
  return { value, error, again };
}
