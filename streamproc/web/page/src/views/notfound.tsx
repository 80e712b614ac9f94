import type { JSX } from "preact";
import { words } from "../words";

const t = words(
  { title: "Nothing is here", back: "To the channels" },
  { title: "Здесь ничего нет", back: "К каналам" },
);

export function NotFound(): JSX.Element {
  return <section class="card"><h1>{t("title")}</h1><p><a href="/">{t("back")}</a></p></section>;
}
