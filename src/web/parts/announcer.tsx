import { useEffect, useState } from "preact/hooks";

/** Something that was said, for those who look and those who listen. */
type Said = { readonly number: number; readonly text: string };

const SHOWN_MS = 6000;
const LIMIT = 3;

let hear: ((text: string) => void) | null = null;

/** Says that something has come about: "nginx:1.27 was removed". For what went wrong there is `ProblemNote`, where it did. */
export function announce(text: string): void {
  hear?.(text);
}

/** Where it is said; once in the page. */
export function Announcer() {
  const [said, setSaid] = useState<readonly Said[]>([]);
  useEffect(() => {
    const timers = new Set<ReturnType<typeof setTimeout>>();
    let number = 0;
    hear = (text) => {
      const mine = { number: ++number, text };
      setSaid((before) => [...before, mine].slice(-LIMIT));
      const timer = setTimeout(() => {
        timers.delete(timer);
        setSaid((before) => before.filter((one) => one !== mine));
      }, SHOWN_MS);
      timers.add(timer);
    };
    return () => {
      hear = null;
      for (const timer of timers) clearTimeout(timer);
    };
  }, []);
  return (
    <div class="announcer" role="status" aria-live="polite">
      {said.map(({ number, text }) => (
        <p key={number}>{text}</p>
      ))}
    </div>
  );
}
