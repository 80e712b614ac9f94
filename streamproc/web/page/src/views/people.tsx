import type { JSX } from "preact";
import { NotFound } from "./notfound";

export function PeopleView(): JSX.Element {
  return <NotFound />;
}
