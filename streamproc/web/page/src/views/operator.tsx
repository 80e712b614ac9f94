import type { JSX } from "preact";
import { NotFound } from "./notfound";

export function OperatorView(): JSX.Element {
  return <NotFound />;
}
