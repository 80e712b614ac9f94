// One's own account: another password, and tokens for programs that speak in one's name.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { send } from "./api";
import { useLoaded } from "./load";
import { type Me, may, me, take } from "./me";
import { day } from "./time";
import { Button, Dialog, Failed, say, sayFailed } from "./ui";
import { words } from "./words";

const t = words(
  {
    title: "Your account", password: "Password", old: "Password until now", new: "New password", again: "The same once more", change: "Change the password", differ: "The two are not the same.", changed: "The password is changed. Other browsers are signed out.",
    tokens: "Tokens for programs", tokens_what: "A program that sends a token as “Authorization: Bearer …” acts in your name.", name: "What it is for", scope: "What it may do", read: "read", write: "read and edit", engineer: "channels and models too", admin: "everything",
    make: "Make a token", none: "You have no token.", secret: "The token. It is shown only this once: copy it now.", copy: "Copy", copied: "Copied.", take_back: "Take back", until: "until {date}", for_ever: "for ever", used: "last used {date}", unused: "never used", taken_back: "The token is taken back.",
  },
  {
    title: "Ваша учётная запись", password: "Пароль", old: "Прежний пароль", new: "Новый пароль", again: "Ещё раз новый", change: "Сменить пароль", differ: "Пароли не совпадают.", changed: "Пароль сменён. В других браузерах вы вышли.",
    tokens: "Ключи для программ", tokens_what: "Программа с ключом («Authorization: Bearer …») действует от вашего имени.", name: "Для чего", scope: "Что можно", read: "читать", write: "читать и править", engineer: "ещё каналы и модели", admin: "всё",
    make: "Создать ключ", none: "У вас нет ключей.", secret: "Ключ. Он показывается один раз: скопируйте его сейчас.", copy: "Скопировать", copied: "Скопировано.", take_back: "Отозвать", until: "до {date}", for_ever: "бессрочно", used: "использован {date}", unused: "не использовался", taken_back: "Ключ отозван.",
  },
);
const SHORTEST = 8;

interface Token {
  id: number;
  user: string;
  name: string;
  scopes: string[];
  used_utc: string | null;
  expires_utc: string | null;
  revoked_utc: string | null;
}

export function AccountDialog({ onClose }: { onClose: () => void }): JSX.Element {
  return (
    <Dialog title={t("title")} onClose={onClose}>
      {me.value?.sign_in.includes("password") && <Password />}
      <Tokens />
    </Dialog>
  );
}

function Password(): JSX.Element {
  const error = useSignal<Error | null>(null);
  const change = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const said = new FormData(form);
    if (said.get("new") !== said.get("again")) {
      error.value = new Error(t("differ"));
      return;
    }
    send<Me>("POST", "/api/v1/session/password", { body: { old: said.get("old"), new: said.get("new") } }).then(
      (who) => {
        take(who);
        form.reset();
        error.value = null;
        say(t("changed"));
      },
      (problem: Error) => (error.value = problem),
    );
  };
  return (
    <form class="account" onSubmit={change}>
      <h3>{t("password")}</h3>
      {/* For password managers: whose password it is. */}
      <input type="text" autocomplete="username" value={me.value?.user?.name ?? ""} readOnly hidden />
      <label>{t("old")}<input name="old" type="password" autocomplete="current-password" required /></label>
      <label>{t("new")}<input name="new" type="password" autocomplete="new-password" minLength={SHORTEST} required /></label>
      <label>{t("again")}<input name="again" type="password" autocomplete="new-password" minLength={SHORTEST} required /></label>
      <Failed error={error.value} />
      <div class="row"><button type="submit">{t("change")}</button></div>
    </form>
  );
}

const SCOPES = [["read", "view"], ["write", "edit"], ["engineer", "engineer"], ["admin", "admin"]] as const;

function Tokens(): JSX.Element {
  const list = useLoaded<{ items: Token[] }>("/api/v1/tokens");
  const secret = useSignal<string | null>(null);
  const mine = (list.value.value?.items ?? []).filter((token) => token.user === me.value?.user?.name && token.revoked_utc === null);
  const make = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const said = new FormData(form);
    send<Token & { secret: string }>("POST", "/api/v1/tokens", { body: { name: said.get("name"), scopes: [said.get("scope")] } }).then((made) => {
      secret.value = made.secret;
      form.reset();
      list.again();
    }, sayFailed);
  };
  const takeBack = (token: Token): void => {
    send("DELETE", `/api/v1/tokens/${token.id}`).then(() => {
      say(t("taken_back"));
      list.again();
    }, sayFailed);
  };
  return (
    <section class="account">
      <h3>{t("tokens")}</h3>
      <p class="soft">{t("tokens_what")}</p>
      <Failed error={list.error.value} />
      {list.value.value !== null && mine.length === 0 && <p class="soft">{t("none")}</p>}
      <ul class="tokens">
        {mine.map((token) => (
          <li key={token.id} class="bar">
            <span>
              <b>{token.name}</b>{" "}
              <small class="soft">
                {t(token.scopes.at(-1) as "read")} · {token.expires_utc ? t("until", { date: day(token.expires_utc) }) : t("for_ever")} · {token.used_utc ? t("used", { date: day(token.used_utc) }) : t("unused")}
              </small>
            </span>
            <Button danger label={`${t("take_back")}: ${token.name}`} onClick={() => takeBack(token)}>{t("take_back")}</Button>
          </li>
        ))}
      </ul>
      {secret.value !== null && <Secret secret={secret.value} />}
      <form class="row" onSubmit={make}>
        <label>{t("name")}<input name="name" maxLength={300} required /></label>
        <label>{t("scope")}
          <select name="scope">
            {SCOPES.filter(([, needs]) => may.value.has(needs)).map(([scope]) => <option key={scope} value={scope}>{t(scope)}</option>)}
          </select>
        </label>
        <button type="submit">{t("make")}</button>
      </form>
    </section>
  );
}

function Secret({ secret }: { secret: string }): JSX.Element {
  const copy = (): void => {
    navigator.clipboard.writeText(secret).then(() => say(t("copied")), sayFailed);
  };
  return (
    <div role="status">
      <p>{t("secret")}</p>
      <div class="row"><pre class="secret">{secret}</pre>{"clipboard" in navigator && <Button onClick={copy}>{t("copy")}</Button>}</div>
    </div>
  );
}
