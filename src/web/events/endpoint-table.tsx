import { useState } from "preact/hooks";
import type { AnswerOf } from "../../admin/contract.ts";
import { asProblem } from "../api/api-problem.ts";
import { call } from "../api/call.ts";
import { announce } from "../parts/announcer.tsx";
import { Chip } from "../parts/chip.tsx";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

type Endpoint = AnswerOf<"listEndpoints">["endpoints"][number];
type Props = { readonly endpoints: readonly Endpoint[]; readonly onChange: () => void };

/** The endpoints: whether they take what they are sent, what waits for them, and what can be done about it. */
export function EndpointTable({ endpoints, onChange }: Props) {
  const [dropped, setDropped] = useState<Endpoint | null>(null);
  const columns: readonly Column<Endpoint>[] = [
    { id: "endpoint", name: "Endpoint", cell: Name },
    { id: "state", name: "State", cell: (one) => <div class="endpoint-failure">{stateOf(one)}</div> },
    {
      id: "taken",
      name: "Last success",
      cell: ({ takenAtMs }) => <TimeAgo atMs={takenAtMs} never="not since the start" />,
    },
    { id: "waiting", name: "Waiting", isFigure: true, cell: ({ waiting }) => count(waiting) },
    { id: "delivered", name: "Delivered", isFigure: true, cell: ({ delivered }) => count(delivered) },
    { id: "givenUp", name: "Given up", isFigure: true, cell: ({ givenUp }) => count(givenUp) },
    { id: "dropped", name: "Dropped", isFigure: true, cell: (one) => count(one.dropped) },
    {
      id: "do",
      name: "Actions",
      cell: (one) => <Actions endpoint={one} onChange={onChange} onDrop={() => setDropped(one)} />,
    },
  ];
  return (
    <>
      <DataTable caption="Endpoints" columns={columns} rows={endpoints} keyOf={({ endpoint }) => endpoint} />
      {dropped !== null && (
        <ConfirmDialog
          title={`Let go of everything for ${dropped.endpoint}?`}
          action="Drop all"
          isDangerous
          onConfirm={async () => {
            const { removed } = await call("dropNotifications", { endpoint: dropped.endpoint, what: "all" });
            announce(`${removed} notifications for ${dropped.endpoint} were dropped`);
            onChange();
          }}
          onClose={() => setDropped(null)}
        >
          <p>
            {count(dropped.waiting)} that wait and {count(dropped.givenUp)} that were given up are never sent. What
            happens from now on is told as before.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

function Name({ endpoint, url, format }: Endpoint) {
  return (
    <div class="endpoint-name">
      <b>{endpoint}</b>
      {url !== null && (
        <span class="quiet">
          <StrangerText text={url} limit={120} /> {format !== null && `· ${format}`}
        </span>
      )}
    </div>
  );
}

function stateOf({ isActive, url, failure, failingSinceMs }: Endpoint) {
  if (url === null) return <Chip title="Its queue goes after a day">not in the settings any more</Chip>;
  if (!isActive) return <Chip title="Nothing new is told to it; what waits stays">disabled</Chip>;
  if (failure === null) return <Chip tone="good">well</Chip>;
  return (
    <>
      <Chip tone="bad">failing</Chip> <StrangerText text={failure} limit={300} />
      {failingSinceMs !== null && (
        <span class="quiet">
          {" "}
          since <TimeAgo atMs={failingSinceMs} />
        </span>
      )}
    </>
  );
}

function Actions(props: { readonly endpoint: Endpoint; readonly onChange: () => void; readonly onDrop: () => void }) {
  const { endpoint: one, onChange, onDrop } = props;
  const { endpoint, url, waiting, givenUp } = one;
  const [busy, setBusy] = useState<"test" | "retry" | null>(null);
  const doing = async (what: "test" | "retry", work: () => Promise<string>) => {
    if (busy !== null) return;
    setBusy(what);
    announce(await work().catch((failure: unknown) => asProblem(failure).message));
    setBusy(null);
    onChange();
  };
  const test = async () => {
    const { isTaken, failure } = await call("testEndpoint", { endpoint });
    return isTaken ? `${endpoint} took the test event` : `${endpoint} did not take the test event: ${failure ?? ""}`;
  };
  const retry = async () => {
    const { retried } = await call("retryNotifications", { endpoint });
    return `${retried} for ${endpoint} wait again; what waits is tried now`;
  };
  return (
    <div class="buttons">
      {url !== null && (
        <button type="button" aria-busy={busy === "test"} onClick={() => void doing("test", test)}>
          {busy === "test" ? "Wait…" : "Send a test event"}
          <span class="off-screen"> to {endpoint}</span>
        </button>
      )}
      {waiting + givenUp > 0 && (
        <>
          {url !== null && (
            <button type="button" aria-busy={busy === "retry"} onClick={() => void doing("retry", retry)}>
              Retry all<span class="off-screen"> for {endpoint}</span>
            </button>
          )}
          <button type="button" onClick={onDrop}>
            Drop all<span class="off-screen"> for {endpoint}</span>
          </button>
        </>
      )}
    </div>
  );
}

const figures = new Intl.NumberFormat("en");

function count(value: number): string {
  return figures.format(value);
}
