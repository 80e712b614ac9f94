// A channel's settings as the fields of a form: what is empty is left out, so that it takes its default.

import type { Schemas } from "../../api";
import type { Group, Setting } from "./words";

export type Config = Schemas["ChannelConfig"];
export type Table = Record<string, unknown>;
export type Fields = Record<string, string>;

/** The tables of a channel with their keys, in the order of docs/configuration.md. */
export const GROUPS: readonly (readonly [Group, readonly Setting[]])[] = [
  ["retention", ["max_age_h", "max_bytes", "min_free_bytes"]],
  ["clips", ["enabled", "keep_days", "min_confidence", "review_h"]],
  ["decision", ["n_enter", "n_leave", "min_certainty", "min_segment_s"]],
  ["sampling", ["rate_hz", "max_gap_s", "dense_rate_hz"]],
  ["drift", ["enabled", "window_min", "sureness", "vanished_after_h"]],
  ["cues", ["use", "tolerance_s", "write"]],
  ["inspect", ["enabled", "one_in", "one_a_shot", "most_behind_s", "sure_after_s"]],
  ["ingest", ["stall_timeout_s", "connect_timeout_s", "retry_initial_s", "retry_max_s"]],
  ["record", ["file_s", "fragment_s"]],
];
const SWITCHES: ReadonlySet<string> = new Set(["clips.enabled", "drift.enabled", "cues.use", "cues.write", "inspect.enabled", "inspect.one_a_shot"]);
const TEXTS = ["title", "url", "listen", "model", "logo", "timezone", "schedule_id"] as const;

export const isSwitch = (field: string): boolean => SWITCHES.has(field);

export function fieldsOf(settings: Table): Fields {
  const fields: Fields = {};
  for (const key of TEXTS) fields[key] = text(settings[key]);
  fields["region"] = list(settings["region"]).join("; ");
  fields["deliver"] = list(settings["deliver"]).join(", ");
  for (const [table, keys] of GROUPS) {
    for (const key of keys) fields[`${table}.${key}`] = text((settings[table] as Table | undefined)?.[key]);
  }
  return fields;
}

/** What is sent: everything the form knows by its fields, anything else as it was. */
export function tableOf(fields: Fields, before: Table, pulls: boolean): Table {
  const table: Table = { ...before };
  for (const key of TEXTS) set(table, key, fields[key] || undefined);
  set(table, pulls ? "listen" : "url", undefined);
  const places = split(fields["region"], ";");
  set(table, "region", places.length > 1 ? places : places[0]);
  const targets = split(fields["deliver"], ",");
  set(table, "deliver", targets.length > 0 ? targets : undefined);
  for (const [group, keys] of GROUPS) {
    const inner: Table = { ...(before[group] as Table | undefined) };
    for (const key of keys) set(inner, key, value(fields[`${group}.${key}`]));
    set(table, group, Object.keys(inner).length > 0 ? inner : undefined);
  }
  return table;
}

export const text = (value: unknown): string => (value === undefined || value === null ? "" : String(value));

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)]);
const split = (given: string | undefined, by: string): string[] => (given ?? "").split(by).map((part) => part.trim()).filter(Boolean);

function set(table: Table, key: string, value: unknown): void {
  if (value === undefined) delete table[key];
  else table[key] = value;
}

function value(given: string | undefined): unknown {
  const said = (given ?? "").trim();
  if (said === "") return undefined;
  if (said === "true" || said === "false") return said === "true";
  const number = Number(said.replace(",", "."));
  return Number.isNaN(number) ? said : number;
}
