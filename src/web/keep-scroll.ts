/** How far a reader had scrolled at each step of the history, so that the way back leads to where they were. */
const KEPT = 100;
/** What comes late (a list that is asked for) may be waited for so long. */
const PATIENCE_MS = 3000;

type Mark = { readonly larderStep?: number };

const places = new Map<number, number>();
let step = 0;
let waiting: (() => void) | null = null;

/** Keeps them, from now on; once in the page. */
export function keepScroll(): void {
  history.scrollRestoration = "manual";
  step = markStep();
  addEventListener("scroll", () => remember(), { passive: true });
  let before = pathOf(location.hash);
  addEventListener("hashchange", () => {
    waiting?.();
    const known = (history.state as Mark | null)?.larderStep;
    const path = pathOf(location.hash);
    const isElsewhere = path !== before;
    before = path;
    if (known !== undefined) {
      const at = places.get(known) ?? 0;
      const isReturn = known !== step;
      step = known;
      // What was only written into the address moves nothing.
      if (isReturn) scrollWhenThere(at);
      return;
    }
    step = markStep();
    if (isElsewhere) scrollTo(0, 0);
  });
}

function remember(): void {
  places.delete(step);
  places.set(step, scrollY);
  if (places.size > KEPT) for (const [oldest] of places) return void places.delete(oldest);
}

/** Marks this step of the history, with what another has left in it. */
function markStep(): number {
  const state = history.state as Mark | null;
  if (state?.larderStep !== undefined) return state.larderStep;
  const mine = Date.now() * 1000 + (places.size % 1000);
  history.replaceState({ ...state, larderStep: mine }, "");
  return mine;
}

function scrollWhenThere(at: number): void {
  const reach = () => {
    scrollTo(0, at);
    if (Math.abs(scrollY - at) < 2) waiting?.();
  };
  const observer = new ResizeObserver(reach);
  const timer = setTimeout(() => waiting?.(), PATIENCE_MS);
  // Who scrolls meanwhile knows better.
  const give = () => waiting?.();
  waiting = () => {
    waiting = null;
    observer.disconnect();
    clearTimeout(timer);
    removeEventListener("wheel", give);
    removeEventListener("keydown", give);
    removeEventListener("pointerdown", give);
  };
  for (const kind of ["wheel", "keydown", "pointerdown"]) addEventListener(kind, give, { passive: true });
  observer.observe(document.body);
  reach();
}

function pathOf(hash: string): string {
  return hash.split("?")[0] ?? "";
}
