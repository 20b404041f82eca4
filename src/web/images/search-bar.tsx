import { useEffect, useRef, useState } from "preact/hooks";
import type { ImageQuestion, Sort } from "./image-question.ts";

/** Who types fast is not asked for every letter. */
const TYPING_MS = 120;

type Props = {
  readonly question: ImageQuestion;
  /** Looks for something else; `isTyped`: without a step back for every letter. */
  readonly onChange: (change: Partial<ImageQuestion>, isTyped?: boolean) => void;
};

/** What is looked for, and what of it is left out. `/` leads to the words from anywhere in the page. */
export function SearchBar({ question, onChange }: Props) {
  return (
    <search class="image-search">
      <SearchBox
        text={question.text}
        onChange={(text) => onChange({ text, sort: "match", isDescending: false }, true)}
      />
      <Choice
        name="Kind"
        value={question.kind}
        choices={{ "": "pushed and cached", pushed: "pushed", cached: "cached" }}
        onChange={(kind) => onChange({ kind: kind as ImageQuestion["kind"] })}
      />
      <Choice
        name="Pinned"
        value={question.pinned}
        choices={{ "": "pinned or not", true: "pinned", false: "not pinned" }}
        onChange={(pinned) => onChange({ pinned: pinned as ImageQuestion["pinned"] })}
      />
      <Choice
        name="Signed"
        value={question.signed}
        choices={{ "": "signed or not", true: "with signatures", false: "without signatures" }}
        onChange={(signed) => onChange({ signed: signed as ImageQuestion["signed"] })}
      />
      <Choice
        name="Rows"
        value={question.rows}
        choices={{ tags: "one row per tag", repositories: "one row per repository" }}
        onChange={(rows) => onChange({ rows: rows as ImageQuestion["rows"] })}
      />
      <Choice
        name="Order"
        isForNarrow
        value={`${question.sort} ${question.isDescending ? "desc" : "asc"}`}
        choices={ORDERS}
        onChange={(order) => {
          const [sort, direction] = order.split(" ");
          onChange({ sort: sort as Sort, isDescending: direction === "desc" });
        }}
      />
    </search>
  );
}

const ORDERS = {
  "match asc": "best match first",
  "name asc": "by name",
  "name desc": "by name, Z to A",
  "size desc": "largest first",
  "size asc": "smallest first",
  "updated desc": "newest first",
  "updated asc": "oldest first",
  "pulled desc": "last pulled first",
  "pulled asc": "not pulled for longest first",
};

type ChoiceProps = {
  readonly name: string;
  readonly value: string;
  readonly choices: Readonly<Record<string, string>>;
  readonly onChange: (value: string) => void;
  /** On wide screens the heads of columns do it. */
  readonly isForNarrow?: boolean;
};

function Choice({ name, value, choices, onChange, isForNarrow = false }: ChoiceProps) {
  return (
    <select
      aria-label={name}
      class={isForNarrow ? "for-narrow" : undefined}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      {Object.entries(choices).map(([one, words]) => (
        <option key={one} value={one}>
          {words}
        </option>
      ))}
    </select>
  );
}

function SearchBox({ text, onChange }: { readonly text: string; readonly onChange: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(text);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const said = useRef(text);
  // Another address was opened, or this one again.
  useEffect(() => {
    if (text === said.current) return;
    said.current = text;
    clearTimeout(timer.current);
    setTyped(text);
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  const say = (now: string, waitMs: number) => {
    setTyped(now);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      said.current = now;
      onChange(now);
    }, waitMs);
  };
  return (
    <input
      ref={input}
      type="search"
      class="image-words"
      aria-label="Search images"
      aria-keyshortcuts="/"
      placeholder="Search images: nginx 1.27"
      title="Words of an image's name, in any order, or the beginning of its digest. Press / to come here."
      autocomplete="off"
      spellcheck={false}
      maxLength={1024}
      value={typed}
      onInput={({ currentTarget }) => say(currentTarget.value, TYPING_MS)}
      onKeyDown={(event) => {
        if (event.key === "Enter") say(event.currentTarget.value, 0);
        if (event.key !== "Escape" || event.currentTarget.value === "") return;
        event.preventDefault();
        say("", 0);
      }}
    />
  );
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) ||
      target.closest("dialog") !== null)
  );
}
