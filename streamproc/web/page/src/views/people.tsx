// People: who may sign in, tokens for programs, and who did what.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { get, type Schemas, send } from "../api";
import { type Key, useKeys } from "../keys";
import { useLoaded } from "../load";
import { me, whoAmI } from "../me";
import { wall } from "../time";
import { Button, Dialog, Failed, Soft, say, sayFailed } from "../ui";
import { words } from "../words";
import "../style/people.css";

type User = Schemas["UserAnswer"];
type Token = Schemas["TokenAnswer"];
type Audit = Schemas["AuditAnswer"];
type Role = User["role"];
type Scope = Token["scopes"][number];

const ROLES: readonly Role[] = ["viewer", "editor", "engineer", "admin"];
const SCOPES: readonly Scope[] = ["read", "write", "engineer", "admin"];

const t = words(
  {
    title: "People", open: "Nobody has to sign in yet: only this machine is answered. Add the first user, who must be an admin, and everybody has to.",
    users: "Users", name: "Name", full_name: "Full name", role: "Role", state: "State", add: "Add somebody", added: "{name} is added.", password: "Password",
    password_hint: "12 letters or more; without one they come in by OpenID or a proxy only", viewer: "viewer: sees and downloads", editor: "editor: corrects, orders, delivers",
    engineer: "engineer: channels and models", admin: "admin: people", active: "may sign in", disabled: "kept out since {when}", keep_out: "Keep out", let_in: "Let in", change: "Change",
    new_password: "New password", new_password_hint: "leave empty to keep it", save: "Save", saved: "Saved.", remove: "Delete", remove_title: "Delete {name}?",
    remove_what: "Their sessions and tokens end; what they did keeps their name.", removed: "{name} is deleted.", you: "you", no_password: "without password",
    tokens: "Tokens for programs", no_tokens: "There is no token.", token_name: "What for", scopes: "May", owner: "In whose name", used: "Used last", expires: "Until", for_ever: "for ever", never: "never",
    make: "Make a token", days: "Days, empty for ever", read: "read", write: "write", take_back: "Take back", taken_back: "The token is taken back.", revoked: "taken back {when}",
    secret: "The token", secret_what: "Copy it now: nobody can see it again. A program sends it as “Authorization: Bearer …”.", copy: "Copy", copied: "Copied.",
    audit: "Who did what", when: "When", who: "Who", from: "From", did: "What", outcome: "Outcome", only: "Only what this person did", everybody: "everybody", older: "Older", none: "Nothing yet.",
  },
  {
    title: "Люди", open: "Входить пока никому не нужно: отвечаем только этой машине. Добавьте первого пользователя (он должен быть администратором), и вход станет обязательным.",
    users: "Пользователи", name: "Имя", full_name: "Полное имя", role: "Роль", state: "Состояние", add: "Добавить", added: "{name}: добавлен.", password: "Пароль",
    password_hint: "от 12 букв; без пароля вход только через OpenID или прокси", viewer: "зритель: смотрит и скачивает", editor: "редактор: правит, заказывает, отправляет",
    engineer: "инженер: каналы и модели", admin: "администратор: люди", active: "может входить", disabled: "не допущен с {when}", keep_out: "Не пускать", let_in: "Пустить", change: "Изменить",
    new_password: "Новый пароль", new_password_hint: "пусто: оставить прежний", save: "Сохранить", saved: "Сохранено.", remove: "Удалить", remove_title: "Удалить {name}?",
    remove_what: "Сеансы и токены закончатся; имя под сделанным останется.", removed: "{name}: удалён.", you: "это вы", no_password: "без пароля",
    tokens: "Токены для программ", no_tokens: "Токенов нет.", token_name: "Для чего", scopes: "Права", owner: "От чьего имени", used: "Последнее обращение", expires: "Действует до", for_ever: "бессрочно", never: "не было",
    make: "Сделать токен", days: "Дней, пусто: бессрочно", read: "чтение", write: "запись", take_back: "Отозвать", taken_back: "Токен отозван.", revoked: "отозван {when}",
    secret: "Токен", secret_what: "Скопируйте сейчас: больше его никто не увидит. Программа передаёт его как «Authorization: Bearer …».", copy: "Скопировать", copied: "Скопировано.",
    audit: "Кто что сделал", when: "Когда", who: "Кто", from: "Откуда", did: "Что", outcome: "Итог", only: "Только этот человек", everybody: "все", older: "Раньше", none: "Пока ничего.",
  },
);

const scopeName = (scope: Scope): string => (scope === "read" || scope === "write" ? t(scope) : t(scope).split(":")[0] ?? scope);
const roleName = (role: Role): string => t(role).split(":")[0] ?? role;

export function PeopleView(): JSX.Element {
  const users = useLoaded<{ items: User[] }>("/api/v1/users");
  const adds = useSignal(false);
  const changed = useSignal<User | null>(null);
  const keys = useMemo<Key[]>(() => [{ key: "n", what: () => t("add"), run: () => (adds.value = true) }], [adds]);
  useKeys(keys);
  const items = users.value.value?.items ?? [];
  return (
    <section class="people">
      <div class="bar"><h1>{t("title")}</h1><Button primary shortcut="N" onClick={() => (adds.value = true)}>{t("add")}</Button></div>
      {me.value?.open && <p class="warned">{t("open")}</p>}
      <Failed error={users.error.value} />
      {items.length > 0 && (
        <section class="card scrolls" tabIndex={0} aria-label={t("users")}>
          <h2>{t("users")}</h2>
          <table>
            <thead><tr><th>{t("name")}</th><th>{t("full_name")}</th><th>{t("role")}</th><th>{t("state")}</th><th><span class="hidden">{t("change")}</span></th></tr></thead>
            <tbody>
              {items.map((user) => (
                <tr key={user.id}>
                  <td><b>{user.name}</b> {me.value?.user?.id === user.id && <span class="soft">{t("you")}</span>}</td>
                  <td>{user.full_name || "—"}</td>
                  <td>{roleName(user.role)}</td>
                  <td>{user.disabled_utc === null ? t("active") : <span class="warned">{t("disabled", { when: wall(user.disabled_utc) })}</span>}{!user.has_password && <small class="soft"> {t("no_password")}</small>}</td>
                  <td class="end"><Button label={`${t("change")}: ${user.name}`} onClick={() => (changed.value = user)}>{t("change")}</Button></td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {!me.value?.open && <Tokens users={items} />}
      <AuditLog users={items} />
      {adds.value && <Add first={items.length === 0} onClose={() => (adds.value = false)} again={users.again} />}
      {changed.value && <Change user={changed.value} onClose={() => (changed.value = null)} again={users.again} />}
    </section>
  );
}

function RolePick({ value, pick }: { value: Role; pick: (role: Role) => void }): JSX.Element {
  return (
    <label>{t("role")}
      <select value={value} onChange={(event) => pick(event.currentTarget.value as Role)}>{ROLES.map((role) => <option key={role} value={role}>{t(role)}</option>)}</select>
    </label>
  );
}

function Add({ first, onClose, again }: { first: boolean; onClose: () => void; again: () => void }): JSX.Element {
  const role = useSignal<Role>(first ? "admin" : "editor");
  const error = useSignal<Error | null>(null);
  const add = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const said = (key: string): string | null => String(form.get(key) ?? "").trim() || null;
    const body = { name: said("name"), full_name: said("full_name"), role: role.value, password: said("password") };
    send<User>("POST", "/api/v1/users", { body }).then((user) => {
      say(t("added", { name: user.name }));
      onClose();
      again();
      if (first) void whoAmI().catch(sayFailed);
    }, (problem: Error) => (error.value = problem));
  };
  return (
    <Dialog title={t("add")} onClose={onClose}>
      <form class="stack" onSubmit={add}>
        <label>{t("name")}<input name="name" required autoFocus autocapitalize="none" autocomplete="off" maxLength={64} /></label>
        <label>{t("full_name")}<input name="full_name" autocomplete="off" maxLength={300} /></label>
        <RolePick value={role.value} pick={(picked) => (role.value = picked)} />
        <label>{t("password")}<input name="password" type="password" autocomplete="new-password" aria-describedby="password-hint" required={first} /></label>
        <p class="soft" id="password-hint">{t("password_hint")}</p>
        <Failed error={error.value} />
        <div class="row"><button type="submit" class="primary">{t("add")}</button></div>
      </form>
    </Dialog>
  );
}

function Change({ user, onClose, again }: { user: User; onClose: () => void; again: () => void }): JSX.Element {
  const role = useSignal<Role>(user.role);
  const error = useSignal<Error | null>(null);
  const sure = useSignal(false);
  const path = `/api/v1/users/${user.id}`;
  const done = (text: string): void => (say(text), onClose(), again());
  const wrong = (problem: Error): void => void (error.value = problem);
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const fullName = String(form.get("full_name") ?? "").trim();
    const password = String(form.get("password") ?? "");
    const body = { role: role.value, ...(fullName && { full_name: fullName }), ...(password && { password }) };
    send("PATCH", path, { body }).then(() => done(t("saved")), wrong);
  };
  const isIn = user.disabled_utc === null;
  return (
    <Dialog title={user.name} onClose={onClose}>
      <form class="stack" onSubmit={save}>
        <label>{t("full_name")}<input name="full_name" defaultValue={user.full_name} autocomplete="off" maxLength={300} /></label>
        <RolePick value={role.value} pick={(picked) => (role.value = picked)} />
        <label>{t("new_password")}<input name="password" type="password" autocomplete="new-password" placeholder={t("new_password_hint")} /></label>
        <Failed error={error.value} />
        <div class="row">
          <button type="submit" class="primary">{t("save")}</button>
          <Button onClick={() => void send("PATCH", path, { body: { disabled: isIn } }).then(() => done(t("saved")), wrong)}>{t(isIn ? "keep_out" : "let_in")}</Button>
          {!sure.value && <Button danger onClick={() => (sure.value = true)}>{t("remove")}…</Button>}
        </div>
      </form>
      {sure.value && (
        <div class="stack" role="alert">
          <p><b>{t("remove_title", { name: user.name })}</b> {t("remove_what")}</p>
          <div class="row"><Button danger onClick={() => void send("DELETE", path).then(() => done(t("removed", { name: user.name })), wrong)}>{t("remove")}</Button></div>
        </div>
      )}
    </Dialog>
  );
}

function Tokens({ users }: { users: readonly User[] }): JSX.Element {
  const tokens = useLoaded<{ items: Token[] }>("/api/v1/tokens");
  const makes = useSignal(false);
  const items = tokens.value.value?.items;
  const takeBack = (token: Token): void => void send("DELETE", `/api/v1/tokens/${token.id}`).then(() => (say(t("taken_back")), tokens.again()), sayFailed);
  return (
    <section class="card scrolls" tabIndex={0} aria-label={t("tokens")}>
      <div class="bar"><h2>{t("tokens")}</h2><Button onClick={() => (makes.value = true)}>{t("make")}</Button></div>
      <Failed error={tokens.error.value} />
      {items?.length === 0 && <Soft>{t("no_tokens")}</Soft>}
      {items !== undefined && items.length > 0 && (
        <table>
          <thead><tr><th>{t("token_name")}</th><th>{t("owner")}</th><th>{t("scopes")}</th><th>{t("used")}</th><th>{t("expires")}</th><th><span class="hidden">{t("take_back")}</span></th></tr></thead>
          <tbody>
            {items.map((token) => (
              <tr key={token.id}>
                <td><b>{token.name}</b></td>
                <td>{token.user}</td>
                <td>{token.scopes.map(scopeName).join(", ")}</td>
                <td>{token.used_utc === null ? t("never") : wall(token.used_utc)}</td>
                <td>{token.revoked_utc !== null ? <span class="warned">{t("revoked", { when: wall(token.revoked_utc) })}</span> : token.expires_utc === null ? t("for_ever") : wall(token.expires_utc)}</td>
                <td class="end">{token.revoked_utc === null && <Button danger label={`${t("take_back")}: ${token.name}`} onClick={() => takeBack(token)}>{t("take_back")}</Button>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {makes.value && <Make users={users} onClose={() => (makes.value = false)} again={tokens.again} />}
    </section>
  );
}

function Make({ users, onClose, again }: { users: readonly User[]; onClose: () => void; again: () => void }): JSX.Element {
  const made = useSignal<Schemas["MadeToken"] | null>(null);
  const error = useSignal<Error | null>(null);
  const make = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const days = String(form.get("days") ?? "");
    const body = { name: form.get("name"), scopes: form.getAll("scopes"), days: days === "" ? null : Number(days), user_id: Number(form.get("user")) || null };
    send<Schemas["MadeToken"]>("POST", "/api/v1/tokens", { body }).then((token) => ((made.value = token), again()), (problem: Error) => (error.value = problem));
  };
  if (made.value) {
    const { secret } = made.value;
    return (
      <Dialog title={t("secret")} onClose={onClose}>
        <p>{t("secret_what")}</p>
        <pre tabIndex={0} class="secret">{secret}</pre>
        <div class="row"><Button primary onClick={() => void navigator.clipboard.writeText(secret).then(() => say(t("copied")), sayFailed)}>{t("copy")}</Button></div>
      </Dialog>
    );
  }
  return (
    <Dialog title={t("make")} onClose={onClose}>
      <form class="stack" onSubmit={make}>
        <label>{t("token_name")}<input name="name" required autoFocus maxLength={300} autocomplete="off" /></label>
        <label>{t("owner")}<select name="user">{users.map((user) => <option key={user.id} value={user.id} selected={user.id === me.value?.user?.id}>{user.name}</option>)}</select></label>
        <fieldset><legend>{t("scopes")}</legend><div class="row">{SCOPES.map((scope) => <label key={scope}><input type="checkbox" name="scopes" value={scope} defaultChecked={scope === "read"} />{scopeName(scope)}</label>)}</div></fieldset>
        <label>{t("days")}<input name="days" type="number" min="1" max="3650" defaultValue="365" /></label>
        <Failed error={error.value} />
        <div class="row"><button type="submit" class="primary">{t("make")}</button></div>
      </form>
    </Dialog>
  );
}

function AuditLog({ users }: { users: readonly User[] }): JSX.Element {
  const who = useSignal("");
  const log = useLoaded<{ items: Audit[]; next: string | null }>(`/api/v1/audit?limit=50${who.value === "" ? "" : `&author=${encodeURIComponent(who.value)}`}`);
  const page = log.value.value;
  const older = (next: string): void => {
    get<{ items: Audit[]; next: string | null }>(next).then((more) => (log.value.value = { items: [...(page?.items ?? []), ...more.items], next: more.next }), sayFailed);
  };
  return (
    <section class="card scrolls" tabIndex={0} aria-label={t("audit")}>
      <div class="bar">
        <h2>{t("audit")}</h2>
        <label class="only">{t("only")}<select value={who.value} onChange={(event) => (who.value = event.currentTarget.value)}><option value="">{t("everybody")}</option>{users.map((user) => <option key={user.id} value={user.name}>{user.name}</option>)}</select></label>
      </div>
      <Failed error={log.error.value} />
      {page?.items.length === 0 && <Soft>{t("none")}</Soft>}
      {page !== null && page.items.length > 0 && (
        <table>
          <thead><tr><th>{t("when")}</th><th>{t("who")}</th><th>{t("from")}</th><th>{t("did")}</th><th>{t("outcome")}</th></tr></thead>
          <tbody>
            {page.items.map((one) => (
              <tr key={one.id}><td><time dateTime={one.created_utc}>{wall(one.created_utc)}</time></td><td>{one.author}</td><td>{one.client}</td><td class="did">{one.action} <small class="soft">{one.subject}</small></td><td class={one.outcome >= 400 ? "failed" : undefined}>{one.outcome}</td></tr>
            ))}
          </tbody>
        </table>
      )}
      {page?.next && <div class="row"><Button onClick={() => page.next && older(page.next)}>{t("older")}</Button></div>}
    </section>
  );
}
