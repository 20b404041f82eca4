import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Scrolled, scrollTo, visibleRows } from "./visible-rows.ts";

type Props = {
  /** What the list is of. */
  readonly label: string;
  /** How many rows there are, all that are known of. */
  readonly count: number;
  /** The height of each row, whatever is in it, in CSS pixels. */
  readonly rowPx: number;
  /** The cells of a row, each with `role="gridcell"`; a row that has not come yet has some that say so. */
  readonly row: (index: number) => ComponentChildren;
  /** The head's cells, each with `role="columnheader"`. */
  readonly head?: ComponentChildren;
  /** Rows that are to be seen: the time to ask for those that lack. The last one is `end - 1`. */
  readonly onShow?: (first: number, end: number) => void;
  /** Enter was pressed on a row. */
  readonly onOpen?: (index: number) => void;
  /** Another key was pressed on a row, with what it is called; true: it meant something. */
  readonly onKey?: (key: string, index: number) => boolean;
  /** Is a row chosen? Left out: rows cannot be. */
  readonly isSelected?: (index: number) => boolean;
  /** What the rows are of: another list begins at its top. */
  readonly of?: string;
  readonly class?: string;
};

const KEYS: Readonly<Record<string, (at: number, pageful: number, count: number) => number>> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at, pageful) => at + pageful,
  PageUp: (at, pageful) => at - pageful,
  Home: () => 0,
  End: (_at, _pageful, count) => count - 1,
};

/**
 * A list of any length, of which the page holds what is seen. One row is the active one: arrows, Page Up and Down, Home and End
 * move it, Enter opens it; it stays in the page when it is scrolled away, so that the focus does.
 */
export function VirtualList(props: Props) {
  const { label, count, rowPx, row, head, onShow, onOpen, onKey, isSelected, of, class: name = "" } = props;
  const box = useRef<HTMLDivElement>(null);
  const [scrolled, setScrolled] = useState<Scrolled>({ topPx: 0, heightPx: 0 });
  const [wanted, setActive] = useState(0);
  const active = Math.max(0, Math.min(wanted, count - 1));
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measure = () => setScrolled({ topPx: element.scrollTop, heightPx: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const before = useRef(of);
  useEffect(() => {
    if (before.current === of) return;
    before.current = of;
    setActive(0);
    if (box.current !== null) box.current.scrollTop = 0;
  }, [of]);
  const { first, end, offsetPx, wholePx } = visibleRows(count, rowPx, scrolled);
  useEffect(() => onShow?.(first, end), [first, end, count]);
  const moveTo = (index: number) => {
    const element = box.current;
    if (element === null) return;
    const to = Math.max(0, Math.min(index, count - 1));
    element.scrollTop = scrollTo(to, count, rowPx, { topPx: element.scrollTop, heightPx: element.clientHeight });
    setActive(to);
    // The row may not be in the page before it is drawn.
    requestAnimationFrame(() =>
      element.querySelector<HTMLElement>('[data-active="yes"]')?.focus({ preventScroll: true }),
    );
  };
  const press = (event: KeyboardEvent) => {
    const isRow = event.target instanceof HTMLElement && event.target.dataset["active"] !== undefined;
    if (!isRow || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" && onOpen !== undefined) onOpen(active);
    else if (onKey?.(event.key, active) !== true) {
      const step = KEYS[event.key];
      if (step === undefined) return;
      moveTo(step(active, Math.max(1, Math.floor(scrolled.heightPx / rowPx) - 1), count));
    }
    event.preventDefault();
  };
  const shown = Array.from({ length: end - first }, (_, at) => first + at);
  if (count > 0 && (active < first || active >= end)) shown.push(active);
  return (
    <div
      class={`virtual ${name}`.trim()}
      role="grid"
      aria-label={label}
      aria-rowcount={count + (head === undefined ? 0 : 1)}
      aria-multiselectable={isSelected === undefined ? undefined : true}
    >
      {head !== undefined && (
        <div class="virtual-head" role="row" aria-rowindex={1}>
          {head}
        </div>
      )}
      <div
        class="virtual-box"
        ref={box}
        role="rowgroup"
        onScroll={({ currentTarget }) =>
          setScrolled({ topPx: currentTarget.scrollTop, heightPx: currentTarget.clientHeight })
        }
        onKeyDown={press}
      >
        <div role="presentation" class="virtual-whole" style={{ height: `${wholePx}px` }}>
          {shown.map((index) => (
            <div
              key={index}
              role="row"
              class="virtual-row"
              aria-rowindex={index + (head === undefined ? 1 : 2)}
              aria-selected={isSelected?.(index)}
              data-active={index === active ? "yes" : "no"}
              tabIndex={index === active ? 0 : -1}
              onFocus={() => setActive(index)}
              style={{ height: `${rowPx}px`, transform: `translateY(${offsetPx + (index - first) * rowPx}px)` }}
            >
              {row(index)}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
