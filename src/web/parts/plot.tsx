import { useEffect, useRef, useState } from "preact/hooks";
import type { DrawnPlot, Drawing } from "./drawing.ts";

type Props = Pick<Drawing, "times" | "lines" | "format"> &
  Partial<Pick<Drawing, "heightPx" | "whole">> & {
    /** What it shows: "Hit rate over the last day". */
    readonly title: string;
  };

/** How many rows the table of a plot has: the newest ones. */
const ROWS = 500;

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Lines over time, drawn, and as a table of the same figures for who reads rather than looks. */
export function Plot({ title, times, lines, format, heightPx = 180, whole = null }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <figure class="plot">
      <figcaption>{title}</figcaption>
      <Canvas times={times} lines={lines} format={format} heightPx={heightPx} whole={whole} />
      <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
        <summary>The figures as a table</summary>
        {isOpen && <Figures title={title} times={times} lines={lines} format={format} />}
      </details>
    </figure>
  );
}

/** What is drawn says nothing that the table does not. */
function Canvas(drawing: Drawing) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<DrawnPlot | null>(null);
  const latest = useRef(drawing);
  latest.current = drawing;
  const names = drawing.lines.map(({ name }) => name).join("\n");
  useEffect(() => {
    let isLeft = false;
    void import("./draw-plot.ts").then(
      ({ drawPlot }) => {
        if (!isLeft && box.current !== null) plot.current = drawPlot(box.current, latest.current);
      },
      // Larder is not reached, or another version: the table is there.
      () => {},
    );
    return () => {
      isLeft = true;
      plot.current?.end();
      plot.current = null;
    };
  }, [names]);
  useEffect(() => plot.current?.update(drawing), [drawing.times, drawing.lines]);
  // A legend of one row and the canvas: the place is kept before they are there.
  return <div class="plot-box" ref={box} aria-hidden="true" style={{ minHeight: `${drawing.heightPx + 30}px` }} />;
}

function Figures({ title, times, lines, format }: Pick<Props, "title" | "times" | "lines" | "format">) {
  const from = Math.max(0, times.length - ROWS);
  return (
    <div class="scroll plot-figures" tabIndex={0} role="group" aria-label={title}>
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {lines.map(({ name }) => (
              <th key={name} scope="col" class="figure">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.slice(from).map((at, index) => (
            <tr key={at}>
              <th scope="row">{exact.format(at * 1000)}</th>
              {lines.map(({ name, values }) => {
                const value = values[from + index] ?? null;
                return (
                  <td key={name} class="figure">
                    {value === null ? "–" : format(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
