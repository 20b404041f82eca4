import { retryLive, useLiveState } from "../api/live.ts";

const WORDS = { connecting: "connecting…", live: "live", cut: "not live", resting: "not live" } as const;

/** Says whether what is shown is what is happening now; looks for larder when it is pressed, though it does that by itself. */
export function LiveBadge() {
  const state = useLiveState();
  return (
    <span class={`live-badge live-${state}`} role="status">
      <span class="live-dot" aria-hidden="true" />
      {WORDS[state]}
      {(state === "cut" || state === "resting") && (
        <>
          {state === "cut" ? ": the connection was cut. " : ": other windows are. "}
          <button type="button" onClick={retryLive}>
            Connect
          </button>
        </>
      )}
    </span>
  );
}
