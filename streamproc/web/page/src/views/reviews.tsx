import type { JSX } from "preact";
import { NotFound } from "./notfound";

export function ReviewsView(): JSX.Element {
  return <NotFound />;
}
