import type { JSX } from "preact";
import { NotFound } from "./notfound";

export function ChannelView(): JSX.Element {
  return <NotFound />;
}
