// The settings of a channel: a form over its table in the configuration file.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import { send } from "../../api";
import { Button, Dialog, Failed, Soft, Switch, say, sayFailed } from "../../ui";
import { type Config, type Fields, fieldsOf, GROUPS, isSwitch, type Table, tableOf, text } from "./form";
import { group, meaning, t } from "./words";

const path = (name: string): string => `/api/v1/channels/${name}/settings`;

/** Says that settings are written, and whether they are at work. */
function told(config: Config): void {
  if (config.applied) say(t("saved", { name: config.name }));
  else say(t("saved_not", { why: config.problem ?? t("not_yet") }), { failed: true });
}

export function Settings({ config, again }: { config: Config; again: () => void }): JSX.Element {
  const fields = useSignal<Fields>(fieldsOf(config.settings));
  const pulls = useSignal(config.settings["listen"] === undefined);
  const error = useSignal<Error | null>(null);
  useEffect(() => {
    fields.value = fieldsOf(config.settings);
    pulls.value = config.settings["listen"] === undefined;
    error.value = null;
  }, [config.version]);
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    const body = tableOf(fields.value, config.settings, pulls.value);
    send<Config>("PUT", path(config.name), { body, version: config.version })
      .then((saved) => (told(saved), again()), (problem: Error) => (error.value = problem));
  };
  return (
    <form class="card" onSubmit={save}>
      <h2>{t("settings")}</h2>
      {config.problem !== null && <p class="failed" role="alert">{t("problem", { why: config.problem })}</p>}
      {config.problem === null && !config.applied && <p class="warned">{t("not_applied")}</p>}
      <Main fields={fields.value} change={(key, said) => (fields.value = { ...fields.value, [key]: said })} pulls={pulls.value} pick={(pull) => (pulls.value = pull)} />
      <details>
        <summary>{t("more")}</summary>
        <div class="groups">
          {GROUPS.map(([table, keys]) => (
            <fieldset key={table}>
              <legend>{group(table)}</legend>
              {keys.map((key) => (
                <Setting
                  key={key} field={`${table}.${key}`} label={meaning(key)} name={key} value={fields.value[`${table}.${key}`] ?? ""}
                  usual={(config.effective[table] as Table | undefined)?.[key]} change={(said) => (fields.value = { ...fields.value, [`${table}.${key}`]: said })}
                />
              ))}
            </fieldset>
          ))}
        </div>
      </details>
      <Failed error={error.value} />
      <div class="row"><button type="submit" class="primary">{t("save")}</button></div>
    </form>
  );
}

interface MainProps {
  fields: Fields;
  change: (key: string, said: string) => void;
  pulls: boolean;
  pick: (pulls: boolean) => void;
}

function Main({ fields, change, pulls, pick }: MainProps): JSX.Element {
  const field = (key: string, label: string, more: JSX.IntrinsicElements["input"] = {}): JSX.Element => (
    <label>{label}<input {...more} value={fields[key] ?? ""} onInput={(event) => change(key, event.currentTarget.value)} /></label>
  );
  const address = pulls ? "url" : "listen";
  return (
    <>
      <div class="fields">{field("title", t("ch_title"), { maxLength: 300 })}{field("timezone", t("timezone"), { placeholder: "Europe/Moscow" })}{field("schedule_id", t("schedule_id"))}</div>
      <fieldset>
        <legend>{t("source")}</legend>
        <div class="source">
          <Switch label={t("source")} value={pulls ? 1 : 0} options={[[1, t("pull")], [0, t("push")]]} onPick={(picked) => pick(picked === 1)} />
          {field(address, t("address"), { required: true, placeholder: pulls ? t("address_hint") : t("listen_hint"), spellcheck: false })}
        </div>
        {(fields[address] ?? "").includes("***") && <Soft>{t("kept")}</Soft>}
      </fieldset>
      <fieldset>
        <legend>{t("bug")}</legend>
        <Soft>{t("bug_hint")}</Soft>
        <div class="fields">{field("model", t("model"), { spellcheck: false })}{field("logo", t("logo"), { spellcheck: false })}{field("region", t("region"), { placeholder: "0.85,0.05,0.1,0.1" })}</div>
      </fieldset>
      <div class="fields">{field("deliver", t("deliver"))}</div>
    </>
  );
}

interface SettingProps {
  field: string;
  label: string;
  name: string;
  value: string;
  usual: unknown;
  change: (said: string) => void;
}

function Setting({ field, label, name, value, usual, change }: SettingProps): JSX.Element {
  if (isSwitch(field)) {
    const shown = t("by_default", { value: t(usual === true ? "yes" : "no") });
    return (
      <label title={name}>{label}
        <select value={value} onChange={(event) => change(event.currentTarget.value)}>
          <option value="">{value === "" ? shown : "—"}</option><option value="true">{t("yes")}</option><option value="false">{t("no")}</option>
        </select>
      </label>
    );
  }
  return <label title={name}>{label}<input value={value} placeholder={text(usual)} inputMode="decimal" onInput={(event) => change(event.currentTarget.value)} /></label>;
}

/** Stops, starts and removes a channel. */
export function Power({ config, again }: { config: Config; again: () => void }): JSX.Element {
  const { route } = useLocation();
  const asked = useSignal(false);
  const isOn = config.settings["enabled"] !== false;
  const turn = (): void => {
    const { enabled: _, ...rest } = config.settings;
    send<Config>("PUT", path(config.name), { body: isOn ? { ...rest, enabled: false } : rest, version: config.version })
      .then(() => (say(t(isOn ? "stopped" : "started", { name: config.name })), again()), sayFailed);
  };
  const remove = (): void => {
    send<Config>("DELETE", path(config.name), { version: config.version })
      .then(() => (say(t("removed", { name: config.name })), route("/engineer")), sayFailed)
      .finally(() => (asked.value = false));
  };
  return (
    <div class="row">
      <Button onClick={turn}>{t(isOn ? "stop" : "start")}</Button>
      <Button danger onClick={() => (asked.value = true)}>{t("remove")}</Button>
      {asked.value && (
        <Dialog title={t("remove_title", { name: config.name })} onClose={() => (asked.value = false)}>
          <p>{t("remove_what")}</p>
          <div class="row"><Button danger onClick={remove}>{t("remove").replace("…", "")}</Button></div>
        </Dialog>
      )}
    </div>
  );
}

export function Add({ onClose }: { onClose: () => void }): JSX.Element {
  const { route } = useLocation();
  const fields = useSignal<Fields>({});
  const pulls = useSignal(true);
  const error = useSignal<Error | null>(null);
  const add = (event: SubmitEvent): void => {
    event.preventDefault();
    const body = { name: fields.value["name"], ...tableOf(fields.value, {}, pulls.value) };
    send<Config>("POST", "/api/v1/channels", { body }).then((added) => {
      told(added);
      onClose();
      route(`/engineer/${added.name}`);
    }, (problem: Error) => (error.value = problem));
  };
  const change = (key: string, said: string): void => void (fields.value = { ...fields.value, [key]: said });
  return (
    <Dialog title={t("add")} onClose={onClose} wide>
      <form class="add" onSubmit={add}>
        <label>{t("name")}
          <input autoFocus required pattern="[a-z0-9][a-z0-9_\-]{0,63}" title={t("name_hint")} placeholder={t("name_hint")} value={fields.value["name"] ?? ""} onInput={(event) => change("name", event.currentTarget.value)} />
        </label>
        <Main fields={fields.value} change={change} pulls={pulls.value} pick={(pull) => (pulls.value = pull)} />
        <Failed error={error.value} />
        <div class="row"><button type="submit" class="primary">{t("add")}</button></div>
      </form>
    </Dialog>
  );
}
