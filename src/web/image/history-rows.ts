/** Which step of an image's history made which of its layers. */

/** A step, as the config tells of it; texts are strangers'. */
export type HistoryStep = {
  readonly command: string | null;
  readonly comment: string | null;
  readonly createdAtMs: number | null;
};

/** A layer with the step that made it (null: none is told), or a step that made none. */
export type HistoryRow =
  | { readonly kind: "layer"; readonly layer: number; readonly step: HistoryStep | null }
  | { readonly kind: "step"; readonly step: HistoryStep };

/** The rows in their order, and what is wrong with the history: a sentence, or null. */
export type History = { readonly rows: readonly HistoryRow[]; readonly note: string | null };

/** No image has a longer one, whatever its config says. */
const STEPS_LIMIT = 5000;

/**
 * Puts layers and steps side by side: steps that are not marked as empty have made a layer each, in order. `config` is anything;
 * what is no step of it counts for nothing.
 */
export function historyRows(layerCount: number, config: unknown): History {
  const steps = stepsOf(config);
  const rows: HistoryRow[] = [];
  let layer = 0;
  let homeless = 0;
  for (const { isEmpty, ...step } of steps) {
    if (isEmpty) rows.push({ kind: "step", step });
    else if (layer < layerCount) rows.push({ kind: "layer", layer: layer++, step });
    else {
      homeless++;
      rows.push({ kind: "step", step });
    }
  }
  const untold = layerCount - layer;
  while (layer < layerCount) rows.push({ kind: "layer", layer: layer++, step: null });
  return { rows, note: noteOf({ steps: steps.length, layerCount, untold, homeless }) };
}

function noteOf(counts: { steps: number; layerCount: number; untold: number; homeless: number }): string | null {
  const { steps, layerCount, untold, homeless } = counts;
  if (layerCount === 0) return null;
  if (steps === 0) return "The image tells no history: how its layers were made is not known.";
  if (untold > 0)
    return `The history tells of ${layerCount - untold} of ${layerCount} layers: it does not say how the last ${untold} came about.`;
  if (homeless > 0)
    return `The history tells of ${homeless} more ${homeless === 1 ? "layer" : "layers"} than there are: somebody put layers together.`;
  return null;
}

function stepsOf(config: unknown): readonly (HistoryStep & { readonly isEmpty: boolean })[] {
  const history = fieldOf(config, "history");
  if (!Array.isArray(history)) return [];
  return history
    .slice(0, STEPS_LIMIT)
    .filter((step: unknown) => typeof step === "object" && step !== null)
    .map((step: unknown) => ({
      command: textOf(fieldOf(step, "created_by")),
      comment: textOf(fieldOf(step, "comment")),
      createdAtMs: timeOf(fieldOf(step, "created")),
      isEmpty: fieldOf(step, "empty_layer") === true,
    }));
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}

/** Builders that keep no times write the start of 1970, or before. */
function timeOf(value: unknown): number | null {
  const atMs = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isFinite(atMs) && atMs > 0 ? atMs : null;
}
