// What is around every view: where one can go, whether the data is live, who is signed in, language, theme, the keys.

import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import { AccountDialog } from "./account";
import { send, signedOut } from "./api";
import { inForce, type Key, useKeys } from "./keys";
import { link } from "./live";
import { may, me } from "./me";
import { paint, theme } from "./theme";
import { Dialog, Menu, Switch, Toasts, sayFailed } from "./ui";
import { language, speak, words } from "./words";

const t = words(
  {
    skip: "Skip to the content", channels: "Channels", reviews: "To check", search: "Search", engineer: "Engineer", operator: "Operator", people: "People",
    live: "live", lost: "connection lost, trying again", linking: "connecting", zone: "times in {zone}", keys: "Keys", keys_title: "Keys on this page",
    account_own: "Password and tokens…", theme: "Colours", system: "as the system", light: "light", dark: "dark", account: "Settings", sign_out: "Sign out", views: "Views", language: "Language",
    help: "show all keys", go_channels: "go to the channels", go_reviews: "go to what is to be checked", go_search: "search",
  },
  {
    skip: "К содержанию", channels: "Каналы", reviews: "Проверить", search: "Поиск", engineer: "Инженер", operator: "Оператор", people: "Люди",
    live: "данные обновляются", lost: "связь потеряна, пробуем снова", linking: "подключение", zone: "время: {zone}", keys: "Клавиши", keys_title: "Клавиши на этой странице",
    account_own: "Пароль и ключи…", theme: "Цвета", system: "как в системе", light: "светлые", dark: "тёмные", account: "Настройки", sign_out: "Выйти", views: "Разделы", language: "Язык",
    help: "показать все клавиши", go_channels: "к каналам", go_reviews: "к тому, что надо проверить", go_search: "поиск",
  },
);

const PLACES = [
  { path: "/", key: "channels", needs: "view" },
  { path: "/reviews", key: "reviews", needs: "view" },
  { path: "/search", key: "search", needs: "view" },
  { path: "/engineer", key: "engineer", needs: "engineer" },
  { path: "/operator", key: "operator", needs: "view" },
  { path: "/people", key: "people", needs: "admin" },
] as const;

export function Shell({ children }: { children: ComponentChildren }): JSX.Element {
  const { path, route } = useLocation();
  const shown = useSignal(false);
  const keys = useMemo<Key[]>(() => [
    { key: "?", what: () => t("help"), run: () => (shown.value = true) },
    { key: "/", what: () => t("go_search"), run: () => route("/search") },
    { key: "Shift+c", what: () => t("go_channels"), run: () => route("/") },
    { key: "Shift+r", what: () => t("go_reviews"), run: () => route("/reviews") },
  ], [route]);
  useKeys(keys);
  const isHere = (place: string): boolean => (place === "/" ? path === "/" || path.startsWith("/channel") : path.startsWith(place));
  return (
    <>
      <a class="skip" href="#content">{t("skip")}</a>
      <header class="top">
        <a class="brand" href="/"><img src="/icon.svg" alt="" width="26" height="26" />streamproc</a>
        <nav aria-label={t("views")}>
          {PLACES.filter((place) => may.value.has(place.needs)).map((place) => (
            <a key={place.path} href={place.path} aria-current={isHere(place.path) ? "page" : undefined}>{t(place.key)}</a>
          ))}
        </nav>
        <p id="link" role="status" data-state={link.value}>{t(link.value)}</p>
        <Account onKeys={() => (shown.value = true)} />
      </header>
      <main id="content" tabIndex={-1}>{children}</main>
      <Toasts />
      {shown.value && <Keys onClose={() => (shown.value = false)} />}
    </>
  );
}

function Account({ onKeys }: { onKeys: () => void }): JSX.Element {
  const user = me.value?.user;
  const own = useSignal(false);
  const signOut = (): void => {
    send("DELETE", "/api/v1/session").then(() => (signedOut.value = true), sayFailed);
  };
  return (
    <>
      <Switch label={t("language")} value={language.value} options={[["en", "EN"], ["ru", "RU"]]} onPick={speak} />
      <Menu label={t("account")}>
        {user && <p class="who"><b>{user.full_name || user.name}</b><small>{user.role}</small></p>}
        <p class="soft">{t("zone", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })}</p>
        <Switch label={t("theme")} value={theme.value} options={[["system", t("system")], ["light", t("light")], ["dark", t("dark")]]} onPick={paint} />
        <button type="button" onClick={onKeys} aria-keyshortcuts="?">{t("keys")}</button>
        {user && <button type="button" onClick={() => (own.value = true)}>{t("account_own")}</button>}
        {user && <button type="button" onClick={signOut}>{t("sign_out")}</button>}
      </Menu>
      {own.value && <AccountDialog onClose={() => (own.value = false)} />}
    </>
  );
}

const SHOWN: Record<string, string> = { " ": "␣", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

function Keys({ onClose }: { onClose: () => void }): JSX.Element {
  const nice = (key: string): string => {
    const [name = "", ...held] = key.split("+").reverse();
    return [...held.reverse(), SHOWN[name] ?? (name.length === 1 ? name.toUpperCase() : name)].join(" + ");
  };
  return (
    <Dialog title={t("keys_title")} onClose={onClose}>
      <dl class="keys">
        {[...inForce.value].reverse().flat().map((key) => (
          <div key={key.key}><dt><kbd>{nice(key.key)}</kbd></dt><dd>{key.what()}</dd></div>
        ))}
      </dl>
    </Dialog>
  );
}
