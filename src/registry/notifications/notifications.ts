import type { Clock } from "../../lib/async/clock.ts";
import type { Turns } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { manifestSteps } from "../../oci/manifest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { DeliveryStore, NewDelivery, QueueTally } from "../../storage/deliveries.ts";
import type { ManifestStore } from "../../storage/metadata.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Attempt, Deliverer } from "./attempt.ts";
import { cloudEvent } from "./cloud-event.ts";
import type { NotificationEndpoint } from "./endpoint.ts";
import { EndpointWorker, type WorkerState } from "./endpoint-worker.ts";
import type { Message, Sender } from "./message.ts";
import { testMessage } from "./test-message.ts";
import { type Notice, noticesOf } from "./notice.ts";
import { registryEnvelope } from "./registry-envelope.ts";
import { WantedNotices } from "./wanted-notices.ts";

/** What waits for an endpoint that is not in the settings any more goes after this time. */
const GONE_MS = 86_400_000;

/** An endpoint with what delivers to it; `setup` tells one from another, files that the settings name included. */
export type OpenEndpoint = {
  readonly endpoint: NotificationEndpoint;
  readonly deliverer: Deliverer;
  readonly setup: string;
};

/** What notifications are made over. */
export type NotificationParts = {
  readonly store: DeliveryStore;
  readonly manifests: Pick<ManifestStore, "getManifest">;
  readonly sender: () => Sender;
  readonly turns: Turns;
  readonly log: Log;
  readonly clock: Clock;
  /** Is told, often, when something waits, and of all that becomes of it. */
  readonly onChange?: () => void;
};

type Running = OpenEndpoint & { readonly wanted: WantedNotices; readonly worker: EndpointWorker | null };

/** An endpoint and its queue. One without a `worker` is disabled, or is not in the settings any more. */
export type EndpointState = QueueTally & {
  readonly settings: NotificationEndpoint | null;
  readonly worker: WorkerState | null;
};

/**
 * Tells other systems what happens, as the settings say. What is told of a change is queued in its transaction; a pull is
 * noted in memory, and costs nothing while nobody wants to hear of pulls.
 */
export class Notifications {
  readonly #parts: NotificationParts;
  #endpoints: ReadonlyMap<string, Running> = new Map();
  #includesReferences = false;
  /** Does anybody want to be told of pulls? */
  wantsPulls = false;
  readonly #toldDropped = new Map<string, number>();

  constructor(parts: NotificationParts) {
    this.#parts = parts;
    parts.store.onQueued((name) => {
      this.#endpoints.get(name)?.worker?.wake();
      parts.onChange?.();
    });
  }

  /** From now on these are told. What was on its way to one that has changed is sent anew. */
  replace(endpoints: readonly OpenEndpoint[], includesReferences: boolean): void {
    const before = this.#endpoints;
    this.#includesReferences = includesReferences;
    this.#endpoints = new Map(endpoints.map((one) => [one.endpoint.name, this.#run(one, before)]));
    const gone = [...before].filter(([name]) => !this.#endpoints.has(name));
    for (const [, { worker }] of gone) void worker?.stop();
    const active = [...this.#endpoints.values()].filter(({ worker }) => worker !== null);
    this.wantsPulls = active.some(({ wanted }) => wanted.arePulls);
    const plan = (notices: readonly Notice[]) => this.#plan(notices);
    this.#parts.store.plan(active.length === 0 ? null : (happening) => plan(noticesOf(happening)));
  }

  /** Notes a pull. At once, and nothing can fail. */
  notePull(notice: Notice): void {
    for (const { wanted, worker } of this.#endpoints.values()) {
      if (worker === null || !wanted.has(notice)) continue;
      worker.pulls.add(notice);
      worker.wake();
      this.#parts.onChange?.();
    }
  }

  /** Queues what happened in no transaction. What cannot be written down is lost. */
  async tell(notice: Notice): Promise<void> {
    const deliveries = this.#plan([notice]);
    if (deliveries.length > 0) await this.#parts.store.add(deliveries).catch(() => {});
  }

  /** All endpoints of the settings, in their order, and then those that still have a queue. */
  async states(): Promise<readonly EndpointState[]> {
    const tallies = new Map((await this.#parts.store.tallies()).map((tally) => [tally.endpoint, tally]));
    const names = new Set([...this.#endpoints.keys(), ...tallies.keys()]);
    return [...names].map((endpoint) => {
      const running = this.#endpoints.get(endpoint);
      const tally = tallies.get(endpoint) ?? { endpoint, waiting: 0, waitingBytes: 0, givenUp: 0, dropped: 0 };
      return { ...tally, settings: running?.endpoint ?? null, worker: running?.worker?.state ?? null };
    });
  }

  /** Sends something that means nothing, at once and once; null: no such endpoint is in the settings. */
  async test(endpoint: string, signal: AbortSignal): Promise<Attempt | null> {
    const running = this.#endpoints.get(endpoint);
    if (running === undefined) return null;
    const { sender, clock } = this.#parts;
    return running.deliverer.deliver(testMessage(running.endpoint.format, sender(), clock.now()), signal);
  }

  /** A notice as a CloudEvent, for whoever wants to see one. */
  asCloudEvent(notice: Notice): Message {
    return cloudEvent(notice, this.#parts.sender(), null);
  }

  /** The body that an endpoint would be sent now for a notice; as a CloudEvent, where it is not in the settings any more. */
  async show(endpoint: string, notice: Notice): Promise<Message> {
    return this.#render(notice, { format: this.#endpoints.get(endpoint)?.endpoint.format ?? "cloudevents" });
  }

  /**
   * Lets what was given up wait again, and tries at once what waits; of all endpoints, of one, or the one with this id. Returns how
   * many.
   */
  async retry(endpoint: string | null, id: number | null = null): Promise<number> {
    const retried = await this.#parts.store.retry(endpoint, id);
    for (const [name, { worker }] of this.#endpoints) if (endpoint === null || endpoint === name) worker?.hurry();
    return retried;
  }

  /** Says what was dropped for want of room, and takes the queues of endpoints away that are long gone. */
  async housekeep(): Promise<void> {
    const { store, clock, log } = this.#parts;
    for (const { endpoint, dropped, worker } of await this.states()) {
      const all = dropped + (worker?.pullsDropped ?? 0);
      const told = this.#toldDropped.get(endpoint);
      this.#toldDropped.set(endpoint, all);
      if (told === undefined || all <= told) continue;
      const fields = { endpoint, notifications: all - told };
      log.write("warning", "an endpoint's queue is full, and its oldest notifications were dropped", fields);
    }
    for (const endpoint of await store.keepOnly([...this.#endpoints.keys()], clock.now(), GONE_MS)) {
      this.#toldDropped.delete(endpoint);
      log.write("info", "the queue of an endpoint that is not in the settings any more was dropped", { endpoint });
    }
  }

  /** Ends what is sent. What still happens goes into the queues: requests may be open for a while. */
  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#endpoints.values(), async ({ worker }) => worker?.stop()));
  }

  #run(open: OpenEndpoint, before: ReadonlyMap<string, Running>): Running {
    const { endpoint, deliverer, setup } = open;
    const known = before.get(endpoint.name);
    if (known?.setup === setup) return { ...known, deliverer };
    const wanted = new WantedNotices(endpoint);
    const stopped = known?.worker?.stop();
    if (endpoint.isDisabled) return { ...open, wanted, worker: null };
    const { store, log, clock, onChange } = this.#parts;
    const render = (notice: Notice) => this.#render(notice, endpoint);
    const worker = new EndpointWorker(
      { endpoint, queue: store, deliverer, render, log, clock, ...(onChange && { onChange }) },
      known?.worker?.pulls,
    );
    worker.start(stopped);
    return { ...open, wanted, worker };
  }

  #plan(notices: readonly Notice[]): readonly NewDelivery[] {
    return notices.flatMap((notice) => {
      const wanting = [...this.#endpoints.values()].filter(({ wanted }) => wanted.has(notice));
      const record = wanting.length === 0 ? "" : JSON.stringify(notice);
      return wanting.map(({ endpoint }) => ({ endpoint: endpoint.name, record, atMs: notice.atMs }));
    });
  }

  async #render(notice: Notice, { format }: Pick<NotificationEndpoint, "format">): Promise<Message> {
    const sender = this.#parts.sender();
    const references = this.#includesReferences ? await this.#referencesOf(notice) : null;
    return format === "cloudevents"
      ? cloudEvent(notice, sender, references)
      : registryEnvelope(format, notice, sender, references);
  }

  /** What the manifest names, while it is here; it is not kept with the notice, since it may be megabytes. */
  async #referencesOf({ kind, isBlob, repository, digest }: Notice): Promise<readonly Descriptor[] | null> {
    if (isBlob || kind === "delete" || kind === "evict" || repository === null || digest === null) return null;
    const { manifests, turns } = this.#parts;
    try {
      const stored = await manifests.getManifest(repository as RepositoryName, digest as Digest);
      if (stored === null) return null;
      const manifest = await turns.begin().finish(manifestSteps(stored.bytes, stored.mediaType));
      return [...(manifest.config === null ? [] : [manifest.config]), ...manifest.layers, ...manifest.manifests];
    } catch {
      // One that cannot be read names nothing that could be told.
      return null;
    }
  }
}
