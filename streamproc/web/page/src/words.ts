// Words in English and Russian. Every view keeps its own, beside it; both languages must have the same keys, or tsc complains.

import { computed, signal } from "@preact/signals";
import { kept, keep } from "./kept";

export type Language = "en" | "ru";

const preferred: Language = navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en";
export const language = signal<Language>(kept("lang", preferred) === "ru" ? "ru" : "en");
export const locale = computed(() => (language.value === "ru" ? "ru-RU" : "en-GB"));

export function speak(wanted: Language): void {
  language.value = wanted;
  document.documentElement.lang = wanted;
  keep("lang", wanted);
}

type Values = Record<string, string | number>;
export type Words<K extends string> = (key: K, values?: Values) => string;

/** Makes the function that says a view's words in the language that is chosen; `{name}` in them is filled in. */
export function words<K extends string>(en: Record<K, string>, ru: Record<NoInfer<K>, string>): Words<K> {
  return (key, values = {}) =>
    (language.value === "ru" ? ru : en)[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** "1 кадр, 2 кадра, 5 кадров": the forms are those of one, few and many; English takes the first and the last. */
export function plural(count: number, [one, few, many]: readonly [string, string, string]): string {
  const rule = new Intl.PluralRules(locale.value).select(count);
  return rule === "one" ? one : rule === "few" ? few : many;
}
