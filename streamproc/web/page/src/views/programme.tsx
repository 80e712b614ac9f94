import type { JSX } from "preact";
import { NotFound } from "./notfound";

export function ProgrammeView(): JSX.Element {
  return <NotFound />;
}
