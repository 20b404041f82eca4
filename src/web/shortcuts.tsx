import { Fragment } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Dialog } from "./parts/dialog.tsx";
import { go, hrefOf } from "./parts/route.ts";
import { VIEWS } from "./views.ts";

/** The letter behind `g` that leads to a view; those that are reached from other views have none. */
const LETTERS: Readonly<Record<string, string>> = {
  images: "i",
  activity: "a",
  cluster: "c",
  recordings: "r",
  nodes: "n",
  people: "p",
  events: "e",
};
/** How long `g` waits for its letter. */
const PATIENCE_MS = 1500;

/** What keys do anywhere but where somebody writes, and the list of them. */
export function Shortcuts() {
  const [isShown, setIsShown] = useState(false);
  useEffect(() => {
    let goUntilMs = 0;
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isBusy(event.target)) return;
      const isGoing = Date.now() < goUntilMs;
      goUntilMs = 0;
      if (isGoing) {
        const view = VIEWS.find(({ id, isListed }) => isListed && LETTERS[id] === event.key);
        if (view !== undefined) go(hrefOf(view.id));
      } else if (event.key === "g") goUntilMs = Date.now() + PATIENCE_MS;
      else if (event.key === "?") setIsShown(true);
      else if (event.key === "/" && focusSearch()) event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  if (!isShown) return null;
  return (
    <Dialog title="Keys" onClose={() => setIsShown(false)}>
      <dl class="facts">
        <dt>
          <kbd>/</kbd>
        </dt>
        <dd>to the search, where there is one</dd>
        {VIEWS.filter(({ id, isListed }) => isListed && id in LETTERS).map(({ id, name }) => (
          <Fragment key={id}>
            <dt>
              <kbd>g</kbd> <kbd>{LETTERS[id]}</kbd>
            </dt>
            <dd>to {name}</dd>
          </Fragment>
        ))}
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>this list</dd>
        <dt>
          <kbd>Esc</kbd>
        </dt>
        <dd>out of a dialog, or of the menu</dd>
      </dl>
    </Dialog>
  );
}

/** Is somebody writing, or in a dialog? */
function isBusy(target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open]") !== null) return true;
  return (
    target instanceof HTMLElement && target.matches('input:not([type="checkbox"], [type="radio"]), textarea, select')
  );
}

function focusSearch(): boolean {
  const search = document.querySelector<HTMLInputElement>('main input[type="search"]');
  search?.focus();
  search?.select();
  return search !== null;
}
