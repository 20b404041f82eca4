/** A chunk of its own, with uPlot: it is loaded when a plot is first shown. */
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { DrawnPlot, Drawing } from "./drawing.ts";

const DAY_SECONDS = 86_400;
/** Which is which is told by more than a colour. */
const DASHES: readonly number[][] = [[], [6, 3], [2, 3]];

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const seconds = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Draws into an element, as wide as it is, until it is ended. */
export function drawPlot(element: HTMLElement, drawing: Drawing): DrawnPlot {
  const { heightPx } = drawing;
  const plot = new UPlot(optionsOf(element, drawing), dataOf(drawing), element);
  const fit = new ResizeObserver(() => {
    if (element.clientWidth > 0) plot.setSize({ width: element.clientWidth, height: heightPx });
  });
  fit.observe(element);
  const repaint = () => plot.redraw(false);
  const themes = new MutationObserver(repaint);
  themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", repaint);
  return {
    update: (next) => plot.setData(dataOf(next)),
    end: () => {
      fit.disconnect();
      themes.disconnect();
      system.removeEventListener("change", repaint);
      plot.destroy();
    },
  };
}

function dataOf({ times, lines }: Drawing): UPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}

function optionsOf(element: HTMLElement, { lines, format, heightPx, whole }: Drawing): UPlot.Options {
  const ink = () => colourOf(element, "--quiet");
  const grid = { stroke: () => colourOf(element, "--line"), width: 1 };
  const axis = { stroke: ink, grid, ticks: grid, font: "12px system-ui, sans-serif" };
  return {
    width: Math.max(1, element.clientWidth),
    height: heightPx,
    legend: { live: true },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: { y: { range: (_, _low, high) => [0, whole ?? (high > 0 ? high * 1.05 : 1)] } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((at, index) => timeOf(at, splits, index)) },
      { ...axis, size: 72, values: (_, splits) => splits.map(format) },
    ],
    series: [
      { label: "Time", value: (_, at: number | null) => (at === null ? "–" : moment.format(at * 1000)) },
      ...lines.map(({ name, tone }, index) => ({
        label: name,
        stroke: () => colourOf(element, `--${tone}`),
        width: 1.5,
        dash: DASHES[index % DASHES.length] ?? [],
        points: { show: true, size: 4, filter: (plot: UPlot, at: number) => alone(plot.data[at] ?? []) },
        value: (_: UPlot, value: number | null) => (value === null ? "–" : format(value)),
      })),
    ],
  };
}

/** Where a figure stands between two times without one: no line shows it. */
function alone(values: ArrayLike<number | null | undefined>): number[] {
  const has = (index: number) => values[index] !== null && values[index] !== undefined;
  return Array.from({ length: values.length }, (_, index) => index).filter(
    (index) => has(index) && !has(index - 1) && !has(index + 1),
  );
}

/** The words below a tick: no finer than the ticks are. */
function timeOf(atSeconds: number, ticks: readonly number[], index: number): string {
  const other = ticks[index === 0 ? 1 : index - 1] ?? atSeconds;
  const stepSeconds = Math.abs(atSeconds - other);
  const format = stepSeconds >= DAY_SECONDS ? day : stepSeconds >= 60 || stepSeconds === 0 ? clock : seconds;
  return format.format(atSeconds * 1000);
}

/** A custom property as the colour that it is in the theme that holds: a canvas knows no custom properties. */
function colourOf(element: HTMLElement, property: string): string {
  const { style } = element;
  style.setProperty("--plot-colour", `var(${property})`);
  return getComputedStyle(element).outlineColor;
}
