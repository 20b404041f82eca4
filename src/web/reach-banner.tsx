import { useEffect, useState } from "preact/hooks";
import { call } from "./api/call.ts";
import { useReach } from "./api/reach.ts";

const AGAIN_MS = 3000;

/** Says that larder is not reached, for as long as that is so, and looks for it meanwhile. */
export function ReachBanner() {
  const isReached = useReach();
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (isReached) return undefined;
    const left = new AbortController();
    const timer = setTimeout(() => {
      // How it went, `call` itself takes down.
      call("getVersion", {}, left.signal).catch(() => !left.signal.aborted && setRound((before) => before + 1));
    }, AGAIN_MS);
    return () => {
      clearTimeout(timer);
      left.abort();
    };
  }, [isReached, round]);
  return (
    <div role="status">
      {!isReached && (
        <div class="banner">
          <p>
            <strong>larder cannot be reached.</strong> What is shown is as it was. The page looks for it and goes on by
            itself.
          </p>
        </div>
      )}
    </div>
  );
}
