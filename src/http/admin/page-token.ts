import * as v from "valibot";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Tag } from "../../oci/tag.ts";
import type { InventoryPlace, InventoryQuery } from "../../registry/images/inventory.ts";

type Order = InventoryQuery["order"];

/** A place, and the order that it is one in. */
const content = v.strictTuple([
  v.picklist(["name", "updated", "pulled"]),
  v.boolean(),
  v.string(),
  v.string(),
  v.picklist(["pushed", "cached"]),
  v.pipe(v.number(), v.safeInteger()),
  v.nullable(v.pipe(v.number(), v.safeInteger())),
]);

/**
 * Formats the place where a list's next page begins. Clients send it back as it is; its form may change with any
 * release.
 */
export function formatPageToken({ by, descending }: Order, place: InventoryPlace): string {
  const { repository, tag, kind, updatedAtMs, pulledAtMs } = place;
  return Buffer.from(JSON.stringify([by, descending, repository, tag, kind, updatedAtMs, pulledAtMs])).toString(
    "base64url",
  );
}

/**
 * Parses a page token. Throws BAD_REQUEST for what is none, or one of another order. A token that a client made up
 * does no harm: it shows nothing that the list does not.
 */
export function parsePageToken(token: string, { by, descending }: Order): InventoryPlace {
  const result = v.safeParse(content, tryParseJson(Buffer.from(token, "base64url").toString()));
  if (!result.success) throw new RegistryError("BAD_REQUEST", "`after` is not the `next` of a page");
  const [ownBy, ownDescending, repository, tag, kind, updatedAtMs, pulledAtMs] = result.output;
  if (ownBy !== by || ownDescending !== descending) {
    throw new RegistryError("BAD_REQUEST", "`after` is the `next` of a list in another order");
  }
  return { repository: repository as RepositoryName, tag: tag as Tag, kind, updatedAtMs, pulledAtMs };
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // As good as any other value that is no place.
  }
}
