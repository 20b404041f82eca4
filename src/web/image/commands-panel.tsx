import { useState } from "preact/hooks";
import { hrefOf } from "../parts/route.ts";
import { CommandBlock } from "../parts/command-block.tsx";
import { type PullWish, pullCommands, whyNoWay } from "./pull-commands.ts";
import { splitName } from "./split-name.ts";

type Props = Pick<PullWish, "name" | "digest" | "kind" | "platform">;

/** The lines that fetch an image, for each client. */
export function CommandsPanel({ name, digest, kind, platform }: Props) {
  const { namespace, tag } = splitName(name);
  const [way, setWay] = useState<PullWish["way"]>(namespace === "local" || kind !== "image" ? "address" : "joined");
  const [isPinned, setIsPinned] = useState(tag === null);
  const wish: PullWish = {
    name,
    digest,
    kind,
    platform,
    way,
    isPinned,
    host: location.host,
    isHttps: location.protocol === "https:",
  };
  const why = whyNoWay(wish);
  return (
    <>
      <div class="choices">
        <label>
          From{" "}
          <select value={way} onChange={({ currentTarget }) => setWay(currentTarget.value as PullWish["way"])}>
            <option value="joined">a node that has joined</option>
            <option value="address">any machine, by larder's address</option>
          </select>
        </label>
        {tag !== null && (
          <label>
            Named by{" "}
            <select
              value={isPinned ? "digest" : "tag"}
              onChange={({ currentTarget }) => setIsPinned(currentTarget.value === "digest")}
            >
              <option value="tag">its tag</option>
              <option value="digest">its digest: this very image</option>
            </select>
          </label>
        )}
      </div>
      {way === "joined" && why === null && (
        <p class="quiet">
          Runtimes that have joined ask larder by themselves. <a href={hrefOf("nodes")}>Nodes</a> says how one joins.
        </p>
      )}
      {why !== null && <p class="note">{why}</p>}
      <ul class="commands">
        {pullCommands(wish).map(({ client, command, note }) => (
          <li key={client}>
            <h3>{client}</h3>
            <CommandBlock command={command} label={`the line for ${client}`} />
            {note !== null && <p class="quiet">{note}</p>}
          </li>
        ))}
      </ul>
    </>
  );
}
