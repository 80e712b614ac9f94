// The small parts that every view is put together from. Native elements first: <dialog>, <details>, <meter>.

import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { words } from "./words";

const t = words(
  { programme: "Programme", advert: "Adverts", unknown: "Unknown", gap: "No signal", close: "Close", wrong: "That did not work: {why}" },
  { programme: "Программа", advert: "Реклама", unknown: "Не определено", gap: "Нет сигнала", close: "Закрыть", wrong: "Не получилось: {why}" },
);

export type KindName = "programme" | "advert" | "unknown" | "gap";

/** What is on air, as a coloured mark and a word. */
export function Kind({ kind }: { kind: KindName }): JSX.Element {
  return <span class="kind" data-kind={kind}>{t(kind)}</span>;
}

interface ButtonProps {
  onClick: () => void;
  children: ComponentChildren;
  primary?: boolean;
  danger?: boolean;
  disabled?: boolean;
  pressed?: boolean;
  label?: string;
  title?: string;
  /** The key that does the same, shown to screen readers and in the tip. */
  shortcut?: string;
}

export function Button({ onClick, children, primary, danger, disabled, pressed, label, title, shortcut }: ButtonProps): JSX.Element {
  return (
    <button
      type="button"
      class={primary ? "primary" : danger ? "danger" : undefined}
      onClick={onClick}
      disabled={disabled}
      aria-pressed={pressed}
      aria-label={label}
      aria-keyshortcuts={shortcut}
      title={shortcut === undefined ? title : `${title ?? label ?? ""} (${shortcut})`.trim()}
    >
      {children}
    </button>
  );
}

/** A row of buttons of which one is pressed. */
export function Switch<V extends string | number>({ label, value, options, onPick }: {
  label: string;
  value: V;
  options: readonly (readonly [V, string])[];
  onPick: (value: V) => void;
}): JSX.Element {
  return (
    <div class="switch" role="group" aria-label={label}>
      {options.map(([option, text]) => (
        <button type="button" key={option} aria-pressed={option === value} onClick={() => onPick(option)}>{text}</button>
      ))}
    </div>
  );
}

/** As `ref` of a field: a dialog begins there. Said only once it is there, or browsers complain that another has the focus. */
export const focusedFirst = (field: HTMLElement | null): void => field?.setAttribute("autofocus", "");

/** A dialog over the page; Escape and its button close it. */
export function Dialog({ title, onClose, children, wide }: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class={wide ? "wide" : undefined} aria-label={title} onClose={onClose}>
      <div class="bar">
        <h2>{title}</h2>
        <Button onClick={() => dialog.current?.close()}>{t("close")}</Button>
      </div>
      {children}
    </dialog>
  );
}

/** A menu behind three dots; the page's other clicks close it. */
export function Menu({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !menu.current?.contains(event.target as Node)) {
        if (menu.current) menu.current.open = false;
      }
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  }, []);
  return (
    <details class="menu" ref={menu}>
      <summary aria-label={label} title={label}>⋯</summary>
      <div>{children}</div>
    </details>
  );
}

export function Soft({ children }: { children: ComponentChildren }): JSX.Element {
  return <p class="soft">{children}</p>;
}

export function Failed({ error }: { error: Error | null }): JSX.Element | null {
  return error === null ? null : <p class="failed" role="alert">{t("wrong", { why: error.message })}</p>;
}

interface Said {
  id: number;
  text: string;
  failed: boolean;
  undo: (() => void) | undefined;
  undoText: string | undefined;
}

const toasts = signal<readonly Said[]>([]);
let lastToast = 0;

/** Says something at the foot of the page for a while: what was done, with a way back, or what went wrong. */
export function say(text: string, more: { failed?: boolean; undo?: () => void; undoText?: string } = {}): void {
  const said: Said = { id: ++lastToast, text, failed: more.failed ?? false, undo: more.undo, undoText: more.undoText };
  toasts.value = [...toasts.value.slice(-2), said];
  setTimeout(() => unsay(said.id), said.failed ? 12_000 : 8_000);
}

const unsay = (id: number): void => {
  toasts.value = toasts.value.filter((said) => said.id !== id);
};

/** Says what went wrong with what a button did. */
export const sayFailed = (error: unknown): void =>
  say(t("wrong", { why: error instanceof Error ? error.message : String(error) }), { failed: true });

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, failed, undo, undoText }) => (
        <p key={id} data-failed={failed}>
          <span>{text}</span>
          {undo && <Button onClick={() => (unsay(id), undo())}>{undoText}</Button>}
          <button type="button" aria-label={t("close")} onClick={() => unsay(id)}>×</button>
        </p>
      ))}
    </div>
  );
}
