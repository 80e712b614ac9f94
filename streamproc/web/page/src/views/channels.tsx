import type { JSX } from "preact";
import { NotFound } from "./notfound";

export function ChannelsView(): JSX.Element {
  return <NotFound />;
}
