import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import type { GivenUpNotification } from "../../admin/notification-schemas.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { showUrl } from "../../registry/notifications/endpoint.ts";
import { nameForClients, type Notice } from "../../registry/notifications/notice.ts";
import type { Notifications } from "../../registry/notifications/notifications.ts";
import type { Delivery, DeliveryStore } from "../../storage/deliveries.ts";

/** What the operations on notifications work on. */
export type NotificationParts = {
  readonly notifications: Notifications;
  readonly deliveries: Pick<DeliveryStore, "listGivenUp" | "drop">;
};

/** The operations on notifications. */
export function notificationActions({ notifications, deliveries }: NotificationParts) {
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
      })),
    }),
    listGivenUp: async ({ endpoint, before, limit }: InputOf<"listGivenUp">): Promise<AnswerOf<"listGivenUp">> => {
      const found = await deliveries.listGivenUp(await check(endpoint), before ?? null, limit + 1);
      const page = found.slice(0, limit);
      return { notifications: page.map(toListed), next: found.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
    retryNotifications: async ({ endpoint }: InputOf<"retryNotifications">) => ({
      retried: await notifications.retry(await check(endpoint)),
    }),
    dropNotifications: async ({ endpoint, what }: InputOf<"dropNotifications">) => ({
      removed: await deliveries.drop(await check(endpoint), what),
    }),
  };
}

function toListed({ endpoint, record, attempts, givenUpAtMs, failure }: Delivery): GivenUpNotification {
  const { id, kind, atMs, repository, tag, digest, upstream } = JSON.parse(record) as Notice;
  const name = repository === null ? null : nameForClients(repository);
  const image = name === null ? digest : tag === null ? `${name}@${digest}` : `${name}:${tag}`;
  const what = { endpoint, id, kind, subject: upstream ?? image, atMs, attempts };
  return { ...what, givenUpAtMs: givenUpAtMs ?? 0, failure: failure ?? "" };
}
