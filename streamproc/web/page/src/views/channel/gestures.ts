// Wheel, drag and pinch over a timeline: they move and zoom what is shown; a click puts the playhead there.

import type { Scope } from "./scope";
import { moved, span, type Range, zoomed } from "./model";

const WHEEL_ZOOM = 0.0022;
const CLICK_PX = 4;
const RULER_PX = 24;

interface Touch {
  x: number;
  y: number;
}

/** Follows the pointer over a canvas until what it returns is called. `snap` may put a click elsewhere. */
export function follow(canvas: HTMLCanvasElement, scope: Scope, snap: (ms: number, x: number, y: number) => number): () => void {
  const down = new Map<number, Touch>();
  let begun: { range: Range; touches: Touch[]; isScrub: boolean; hasMoved: boolean } | null = null;

  const at = (event: MouseEvent): Touch => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const time = (x: number, range: Range = scope.range.peek()): number => range.from + (x / canvas.clientWidth) * span(range);

  const begin = (isScrub: boolean): void => {
    begun = { range: scope.range.peek(), touches: [...down.values()], isScrub, hasMoved: begun?.hasMoved ?? false };
  };

  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const sideways = event.shiftKey ? event.deltaX + event.deltaY : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      scope.pan((sideways * unit * span(scope.range.peek())) / canvas.clientWidth);
    } else {
      scope.zoom(Math.exp(event.deltaY * unit * WHEEL_ZOOM * (event.ctrlKey ? 4 : 1)), time(at(event).x));
    }
  };
  const press = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, at(event));
    const isScrub = down.size === 1 && at(event).y < RULER_PX;
    begin(isScrub);
    if (isScrub) scope.seek(time(at(event).x));
  };
  const drag = (event: PointerEvent): void => {
    if (begun === null || !down.has(event.pointerId)) return;
    down.set(event.pointerId, at(event));
    const touches = [...down.values()];
    const [first, second] = [touches[0], touches[1]];
    const [firstThen, secondThen] = [begun.touches[0], begun.touches[1]];
    if (first === undefined || firstThen === undefined) return;
    if (Math.abs(first.x - firstThen.x) > CLICK_PX || second !== undefined) begun.hasMoved = true;
    if (begun.isScrub) scope.seek(time(first.x));
    else if (second !== undefined && secondThen !== undefined) {
      const factor = Math.abs(firstThen.x - secondThen.x) / Math.max(8, Math.abs(first.x - second.x));
      const middle = (firstThen.x + secondThen.x) / 2;
      const range = zoomed(begun.range, factor, time(middle, begun.range));
      scope.show(moved(range, ((middle - (first.x + second.x) / 2) * span(range)) / canvas.clientWidth));
    } else if (begun.hasMoved) {
      scope.show(moved(begun.range, ((firstThen.x - first.x) * span(begun.range)) / canvas.clientWidth));
    }
  };
  const release = (event: PointerEvent): void => {
    if (!down.delete(event.pointerId)) return;
    const { x, y } = at(event);
    if (begun !== null && !begun.hasMoved && !begun.isScrub && event.type === "pointerup") scope.seek(snap(time(x), x, y));
    if (down.size === 0) begun = null;
    else begin(false);
  };

  canvas.addEventListener("wheel", wheel, { passive: false });
  canvas.addEventListener("pointerdown", press);
  canvas.addEventListener("pointermove", drag);
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  return () => {
    canvas.removeEventListener("wheel", wheel);
    canvas.removeEventListener("pointerdown", press);
    canvas.removeEventListener("pointermove", drag);
    canvas.removeEventListener("pointerup", release);
    canvas.removeEventListener("pointercancel", release);
  };
}
