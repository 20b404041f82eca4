/**
 * Runs when the page is bundled, not in the browser: of the contract, with all its schemas, the page needs only where its
 * operations are.
 */
import { ADMIN_PATH, CONTRACT, type OperationId } from "../../admin/contract.ts";

/** An operation's method and its whole path, with `{name}` for what is in it; `upload` is the media type of a body of bytes. */
export type OperationPlace = { readonly method: string; readonly path: string; readonly upload: string | null };

/** Where each operation of the admin API is, and how it is asked for. */
export function operationPlaces(): Readonly<Record<OperationId, OperationPlace>> {
  const places = Object.entries(CONTRACT).map(([id, { method, path, upload }]) => {
    return [id, { method, path: ADMIN_PATH + path, upload }];
  });
  return Object.fromEntries(places) as Record<OperationId, OperationPlace>;
}
