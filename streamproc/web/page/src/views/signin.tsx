// Signing in: a name and a password.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { send } from "../api";
import { type Me, take } from "../me";
import { Failed, Switch } from "../ui";
import { language, speak, words } from "../words";

const t = words(
  { title: "Sign in", name: "Name", password: "Password", enter: "Sign in", language: "Language" },
  { title: "Вход", name: "Имя", password: "Пароль", enter: "Войти", language: "Язык" },
);

export function SignIn(): JSX.Element {
  const error = useSignal<Error | null>(null);
  const busy = useSignal(false);
  const enter = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    send<Me>("POST", "/api/v1/session", { body: { name: form.get("name"), password: form.get("password") } })
      .then(take, (problem: Error) => (error.value = problem))
      .finally(() => (busy.value = false));
  };
  return (
    <main class="signin">
      <form class="card" onSubmit={enter}>
        <h1><img src="/icon.svg" alt="" width="28" height="28" />streamproc</h1>
        <label>{t("name")}<input name="name" autocomplete="username" autocapitalize="none" required autoFocus /></label>
        <label>{t("password")}<input name="password" type="password" autocomplete="current-password" required /></label>
        <Failed error={error.value} />
        <button type="submit" class="primary" disabled={busy.value}>{t("enter")}</button>
        <Switch label={t("language")} value={language.value} options={[["en", "EN"], ["ru", "RU"]]} onPick={speak} />
      </form>
    </main>
  );
}
