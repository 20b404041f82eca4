import { useEffect, useRef, useState } from "preact/hooks";
import { onReach } from "../api/reach.ts";
import { type Ask, FoundRows } from "./found-rows.ts";

/** While sizes are measured, and rows lack theirs, they are asked for again so often. */
const MEASURING_MS = 1500;

/** The rows of a question, whose `key` is another one when it is; `isOpen`: does a row lack something that will come? */
export function useFound<Row>(
  key: string,
  ask: Ask<Row>,
  nameOf: (row: Row) => string,
  isOpen: (row: Row) => boolean,
): FoundRows<Row> {
  const [, draw] = useState(0);
  const held = useRef<FoundRows<Row> | null>(null);
  held.current ??= new FoundRows<Row>(nameOf, () => draw((before) => before + 1));
  const found = held.current;
  useEffect(() => found.question(key, ask), [key]);
  useEffect(() => () => found.close(), []);
  const isLost = found.problem?.status === 0;
  useEffect(() => (isLost ? onReach((isReached) => isReached && found.again()) : undefined), [isLost]);
  const { shown } = found;
  const isUnfinished = shown !== null && (shown.unmeasured > 0 || found.someSeen(isOpen));
  useEffect(() => {
    if (!isUnfinished || found.problem !== null) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = () => {
      clearTimeout(timer);
      // Nobody waits for it in a tab that is not looked at.
      if (document.visibilityState === "visible") timer = setTimeout(() => void found.refresh(), MEASURING_MS);
    };
    wait();
    addEventListener("visibilitychange", wait);
    return () => {
      clearTimeout(timer);
      removeEventListener("visibilitychange", wait);
    };
  }, [shown, isUnfinished]);
  return found;
}
