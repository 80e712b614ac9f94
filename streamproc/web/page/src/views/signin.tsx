// Signing in: a name and a password, or the house's own sign-in where there is one.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ApiError, get, send } from "../api";
import { type Me, take } from "../me";
import { Switch } from "../ui";
import { language, speak, words } from "../words";

const t = words(
  {
    title: "Sign in", name: "Name", password: "Password", enter: "Sign in", language: "Language", wrong: "The name or the password is wrong.", slow: "Too many attempts. Try again in {n} s.",
    oidc: "Sign in with {title}", house: "the house's account", or: "or", failed: "The other sign-in did not work. Try again, or sign in with a password.", unknown: "Your account is not let in here. Ask an administrator to add you.",
  },
  {
    title: "Вход", name: "Имя", password: "Пароль", enter: "Войти", language: "Язык", wrong: "Неверное имя или пароль.", slow: "Слишком много попыток. Попробуйте через {n} с.",
    oidc: "Войти через {title}", house: "учётную запись организации", or: "или", failed: "Вход через учётную запись не удался. Попробуйте ещё раз или войдите с паролем.", unknown: "Вашей учётной записи вход сюда не разрешён. Попросите администратора добавить вас.",
  },
);

interface Ways {
  sign_in: string[];
  oidc_title: string | null;
}

export function SignIn(): JSX.Element {
  const error = useSignal<Error | null>(null);
  const busy = useSignal(false);
  const ways = useSignal<Ways>({ sign_in: ["password"], oidc_title: null });
  useEffect(() => {
    // Who is not signed in is told, with the 401, how one can.
    get<Me>("/api/v1/session").then(take, (problem: unknown) => {
      const said = problem instanceof ApiError ? (problem.problem as Partial<Ways>) : {};
      if (said.sign_in !== undefined) ways.value = { sign_in: said.sign_in, oidc_title: said.oidc_title ?? null };
    });
    // The provider's answer came back to the page, which says how it went.
    const outcome = new URLSearchParams(location.search).get("sign_in");
    if (outcome !== null) error.value = new Error(t(outcome === "unknown" ? "unknown" : "failed"));
  }, []);
  const enter = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    send<Me>("POST", "/api/v1/session", { body: { name: form.get("name"), password: form.get("password") } })
      .then(take, (problem: Error) => (error.value = inWords(problem)))
      .finally(() => (busy.value = false));
  };
  return (
    <main class="signin">
      <form class="card" onSubmit={enter}>
        <h1><img src="/icon.svg" alt="" width="28" height="28" />streamproc</h1>
        {ways.value.sign_in.includes("oidc") && (
          <>
            <a class="primary oidc" href="/api/v1/session/oidc" target="_top">{t("oidc", { title: ways.value.oidc_title ?? t("house") })}</a>
            <p class="soft or">{t("or")}</p>
          </>
        )}
        <label>{t("name")}<input name="name" autocomplete="username" autocapitalize="none" spellcheck={false} required autoFocus /></label>
        <label>{t("password")}<input name="password" type="password" autocomplete="current-password" required /></label>
        {error.value !== null && <p class="failed" role="alert">{error.value.message}</p>}
        <button type="submit" class="primary" disabled={busy.value}>{t("enter")}</button>
        <Switch label={t("language")} value={language.value} options={[["en", "EN"], ["ru", "RU"]]} onPick={speak} />
      </form>
    </main>
  );
}

function inWords(problem: Error): Error {
  if (problem instanceof ApiError && problem.status === 401) return new Error(t("wrong"));
  if (problem instanceof ApiError && problem.status === 429) return new Error(t("slow", { n: problem.retryAfter ?? 60 }));
  return problem;
}
