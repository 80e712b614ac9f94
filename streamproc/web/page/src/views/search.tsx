import type { JSX } from "preact";
import { NotFound } from "./notfound";

export function SearchView(): JSX.Element {
  return <NotFound />;
}
