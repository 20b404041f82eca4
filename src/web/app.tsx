import type { FunctionComponent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "./api/call.ts";
import { onReach } from "./api/reach.ts";
import { askSession } from "./api/session.ts";
import { useFresh } from "./api/use-fresh.ts";
import { hrefOf, useRoute } from "./parts/route.ts";
import { SessionBanner } from "./account.tsx";
import { Announcer } from "./parts/announcer.tsx";
import { safeText } from "./parts/safe-text.ts";
import { SignInPlace } from "./parts/sign-in.tsx";
import { Masthead } from "./masthead.tsx";
import { ReachBanner } from "./reach-banner.tsx";
import { Shortcuts } from "./shortcuts.tsx";
import type { ViewProps } from "./parts/view-props.ts";
import { type View, VIEWS } from "./views.ts";

const FIRST = VIEWS[0]?.id ?? "";

/** The page: what is always there, and the view that the address names. */
export function App() {
  const { view: id, rest, query } = useRoute();
  const view = VIEWS.find((one) => one.id === (id === "" ? FIRST : id)) ?? null;
  useFocusOnArrival(`${view?.id} ${rest}`);
  // What whoever looks may do is not what it was.
  useFresh({ changed: ["accounts", "settings"] }, () => void askSession());
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <Masthead current={view?.id ?? null} />
      <ReachBanner />
      <SessionBanner />
      <main id="main" tabIndex={-1}>
        {view === null ? <NoView id={id} /> : <Shown key={view.id} view={view} rest={rest} query={query} />}
      </main>
      <Announcer />
      <SignInPlace />
      <Shortcuts />
    </>
  );
}

/** A reader who came from another part is at the beginning of this one; who has just opened the page is at its beginning anyway. */
function useFocusOnArrival(place: string): void {
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    const main = document.getElementById("main");
    // Who is writing in it goes on.
    if (!(document.activeElement?.matches("main :is(input, textarea, select)") ?? false))
      main?.focus({ preventScroll: true });
  }, [place]);
}

/** The address is the view's: a jump within the page must not change it. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function NoView({ id }: { readonly id: string }) {
  useEffect(() => {
    document.title = "Nothing here · larder";
  }, []);
  return (
    <div class="note">
      <h1>There is nothing here</h1>
      <p>
        No part of this page is called “{safeText(id, 100)}”. <a href={hrefOf(FIRST)}>All images</a> are a good place to
        begin.
      </p>
    </div>
  );
}

function Shown({ view, ...props }: ViewProps & { readonly view: View }) {
  const [Part, setPart] = useState<FunctionComponent<ViewProps> | null>(null);
  const [hasFailed, setHasFailed] = useState(false);
  useEffect(() => {
    let isLeft = false;
    view.load().then(
      (part) => !isLeft && setPart(() => part),
      () => !isLeft && setHasFailed(true),
    );
    return () => {
      isLeft = true;
    };
  }, [view]);
  useEffect(() => {
    if (!hasFailed) return undefined;
    // Was it larder, or this part alone? The banner says so; when larder is there again, the page begins anew.
    call("getVersion", {}).catch(() => {});
    return onReach((isReached) => isReached && location.reload());
  }, [hasFailed]);
  const { rest } = props;
  useEffect(() => {
    document.title = [...(rest === "" ? [] : [safeText(rest, 200)]), view.name, "larder"].join(" · ");
  }, [view, rest]);
  if (hasFailed) {
    return (
      <div class="note note-problem" role="alert">
        <p>
          This part of the page could not be loaded: larder has been replaced by another version, or cannot be reached.
        </p>
        <button type="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </div>
    );
  }
  return Part === null ? <p class="quiet">Loading…</p> : <Part {...props} />;
}
