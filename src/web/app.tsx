import type { FunctionComponent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { hrefOf, useRoute } from "./parts/route.ts";
import { SessionBanner } from "./account.tsx";
import { Announcer } from "./parts/announcer.tsx";
import { SignInPlace } from "./parts/sign-in.tsx";
import { Masthead } from "./masthead.tsx";
import { ReachBanner } from "./reach-banner.tsx";
import type { ViewProps } from "./parts/view-props.ts";
import { type View, VIEWS } from "./views.ts";

const FIRST = VIEWS[0]?.id ?? "";

/** The page: what is always there, and the view that the address names. */
export function App() {
  const { view: id, rest, query } = useRoute();
  const view = VIEWS.find((one) => one.id === (id === "" ? FIRST : id)) ?? null;
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
    </>
  );
}

/** The address is the view's: a jump within the page must not change it. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function NoView({ id }: { readonly id: string }) {
  return (
    <div class="note">
      <h1>There is nothing here</h1>
      <p>
        No part of this page is called “{id}”. <a href={hrefOf(FIRST)}>All images</a> are a good place to begin.
      </p>
    </div>
  );
}

function Shown({ view, ...props }: ViewProps & { readonly view: View }) {
  const [Part, setPart] = useState<FunctionComponent<ViewProps> | null>(null);
  const [hasFailed, setHasFailed] = useState(false);
  const hasShown = useRef(false);
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
    document.title = `${view.name} · larder`;
    // A reader who came by a link within the page is where it leads; who has just opened it is at its beginning anyway.
    if (Part === null || hasShown.current) return;
    hasShown.current = true;
    if (document.activeElement?.closest("nav") !== null) document.getElementById("main")?.focus();
  }, [view, Part]);
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
