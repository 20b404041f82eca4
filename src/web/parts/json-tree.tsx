import { useState } from "preact/hooks";
import { safeText } from "./safe-text.ts";

/** How many entries of an object or a list are shown at a time. */
const ENTRIES = 100;
const TEXT_CHARACTERS = 2000;

type Json = unknown;
type Props = {
  /** What it is of: "Manifest". */
  readonly label: string;
  readonly value: Json;
  /** How many levels are open at first. */
  readonly depth?: number;
};

/** A JSON value to look into: each level is made when it is opened, and long ones come in parts. */
export function JsonTree({ label, value, depth = 1 }: Props) {
  return (
    <div class="json" role="group" aria-label={label}>
      <Value name={null} value={value} depth={depth} />
    </div>
  );
}

type ValueProps = { readonly name: string | null; readonly value: Json; readonly depth: number };

function Value({ name, value, depth }: ValueProps) {
  const [isOpen, setIsOpen] = useState(depth > 0);
  const key = name === null ? null : <span class="json-key">{safeText(name, 200)}: </span>;
  if (typeof value !== "object" || value === null) {
    return (
      <div class="json-leaf">
        {key}
        <bdi class={`json-${value === null ? "null" : typeof value}`}>{leafText(value)}</bdi>
      </div>
    );
  }
  const count = Array.isArray(value) ? value.length : Object.keys(value).length;
  const brackets = Array.isArray(value) ? "[]" : "{}";
  if (count === 0) {
    return (
      <div class="json-leaf">
        {key}
        {brackets}
      </div>
    );
  }
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        {key}
        <span class="quiet">
          {brackets[0]}
          {count} {Array.isArray(value) ? (count === 1 ? "item" : "items") : count === 1 ? "entry" : "entries"}
          {brackets[1]}
        </span>
      </summary>
      {isOpen && <Entries value={value} depth={depth - 1} />}
    </details>
  );
}

function Entries({ value, depth }: { readonly value: object; readonly depth: number }) {
  const [shown, setShown] = useState(ENTRIES);
  const entries: readonly (readonly [string, Json])[] = Object.entries(value);
  return (
    <div class="json-entries">
      {entries.slice(0, shown).map(([name, one]) => (
        <Value key={name} name={name} value={one} depth={depth} />
      ))}
      {entries.length > shown && (
        <button type="button" onClick={() => setShown(shown + ENTRIES)}>
          {entries.length - shown} more
        </button>
      )}
    </div>
  );
}

/** A text in quotes, as JSON has it; anything else as it is. */
function leafText(value: Json): string {
  return typeof value === "string" ? safeText(JSON.stringify(value), TEXT_CHARACTERS) : String(value);
}
