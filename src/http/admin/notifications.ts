import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import type { GivenUpNotification } from "../../admin/notification-schemas.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { showUrl } from "../../registry/notifications/endpoint.ts";
import { nameForClients, type Notice, noticesOf } from "../../registry/notifications/notice.ts";
import type { Notifications } from "../../registry/notifications/notifications.ts";
import type { Delivery, DeliveryStore } from "../../storage/deliveries.ts";
import type { EventStore, StoreEvent } from "../../storage/events.ts";

/** What the operations on notifications work on. */
export type NotificationParts = {
  readonly notifications: Notifications;
  readonly deliveries: Pick<DeliveryStore, "listGivenUp" | "getGivenUp" | "drop">;
  readonly events: Pick<EventStore, "listBefore">;
  /** Is told when queues were changed by hand. */
  readonly changed: () => void;
};

/** The operations on notifications. */
export function notificationActions({ notifications, deliveries, events, changed }: NotificationParts) {
  const check = async (endpoint: string | undefined): Promise<string | null> => {
    if (endpoint === undefined) return null;
    const names = (await notifications.states()).map((state) => state.endpoint);
    if (names.includes(endpoint)) return endpoint;
    const known = names.length === 0 ? "there is none" : `there are: ${names.join(", ")}`;
    throw new RegistryError(
      "NAME_UNKNOWN",
      `no endpoint of notifications is called ${quoteBriefly(endpoint)}; ${known}`,
    );
  };
  return {
    listEndpoints: async (): Promise<AnswerOf<"listEndpoints">> => ({
      endpoints: (await notifications.states()).map(({ settings, worker, waiting, ...tally }) => ({
        ...tally,
        url: settings === null ? null : showUrl(settings.url),
        format: settings?.format ?? null,
        isActive: worker !== null,
        waiting: waiting + (worker?.pullsWaiting ?? 0),
        dropped: tally.dropped + (worker?.pullsDropped ?? 0),
        delivered: worker?.delivered ?? 0,
        failure: worker?.failure ?? null,
        failingSinceMs: worker?.failingSinceMs ?? null,
        takenAtMs: worker?.takenAtMs ?? null,
      })),
    }),
    listGivenUp: async ({ endpoint, before, limit }: InputOf<"listGivenUp">): Promise<AnswerOf<"listGivenUp">> => {
      const found = await deliveries.listGivenUp(await check(endpoint), before ?? null, limit + 1);
      const page = found.slice(0, limit);
      return { notifications: page.map(toListed), next: found.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
    getGivenUp: async ({ number }: InputOf<"getGivenUp">): Promise<AnswerOf<"getGivenUp">> => {
      const found = await deliveries.getGivenUp(Number(number));
      if (found === null) throw new RegistryError("NAME_UNKNOWN", `no notification ${number} is among those given up`);
      const { contentType, body } = await notifications.show(found.endpoint, JSON.parse(found.record) as Notice);
      const isCut = body.length > LONGEST_BODY;
      return { endpoint: found.endpoint, contentType, body: isCut ? body.slice(0, LONGEST_BODY) : body, isCut };
    },
    listExamples: async (): Promise<AnswerOf<"listExamples">> => {
      const notices = (await events.listBefore(null, LATELY)).flatMap(noticesOfEvent).slice(0, EXAMPLES);
      const messages = notices.map((notice) => notifications.asCloudEvent(notice));
      return { contentType: "application/cloudevents+json", bodies: messages.map(({ body }) => body) };
    },
    testEndpoint: async (
      { endpoint }: InputOf<"testEndpoint">,
      signal: AbortSignal,
    ): Promise<AnswerOf<"testEndpoint">> => {
      await check(endpoint);
      const attempt = await notifications.test(endpoint, signal);
      if (attempt === null) throw new RegistryError("NAME_UNKNOWN", `${endpoint} is not in the settings any more`);
      return { isTaken: attempt.kind === "taken", failure: attempt.kind === "taken" ? null : attempt.failure };
    },
    retryNotifications: async ({ endpoint, number }: InputOf<"retryNotifications">) => {
      const retried = await notifications.retry(await check(endpoint), number ?? null);
      changed();
      return { retried };
    },
    dropNotifications: async ({ endpoint, what, number }: InputOf<"dropNotifications">) => {
      const removed = await deliveries.drop(await check(endpoint), what, number ?? null);
      changed();
      return { removed };
    },
  };
}

/** Events that are looked at for so many examples: of some nobody is told. */
const LATELY = 50;
const EXAMPLES = 5;

function noticesOfEvent(event: StoreEvent): readonly Notice[] {
  const { who, from, requestId } = event;
  const cause = { who, from, requestId };
  return noticesOf({ ...event, tags: [], contentBytes: null, lender: null, cause });
}

/** Of what a notification says, that it lists references of an index with thousands included. */
const LONGEST_BODY = 64 * 1024;

function toListed({ id: number, endpoint, record, attempts, givenUpAtMs, failure }: Delivery): GivenUpNotification {
  const { id, kind, atMs, repository, tag, digest, upstream } = JSON.parse(record) as Notice;
  const name = repository === null ? null : nameForClients(repository);
  const image = name === null ? digest : tag === null ? `${name}@${digest}` : `${name}:${tag}`;
  const what = { number, endpoint, id, kind, subject: upstream ?? image, atMs, attempts };
  return { ...what, givenUpAtMs: givenUpAtMs ?? 0, failure: failure ?? "" };
}
