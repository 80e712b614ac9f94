import type { JSX } from "preact";
import { NotFound } from "./notfound";

export function EngineerView(): JSX.Element {
  return <NotFound />;
}
