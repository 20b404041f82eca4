import { RegistryError } from "../../oci/registry-error.ts";
import { type StoredToken, TOKENS_LIMIT, type TokenStore } from "../../storage/accounts.ts";
import type { EventCause } from "../../storage/events.ts";
import { formatGrant, parseNewGrant } from "../grant.ts";
import { checkAccountName } from "./account-name.ts";
import { hashOfToken, newTokenId, newTokenText } from "./token-text.ts";
import { causeOf } from "./user-keeper.ts";

/** A token as somebody asks for it. */
export type TokenRequest = {
  readonly name: string;
  /** Texts of grants, one at least. */
  readonly grants: readonly string[];
  /** From now on, in milliseconds; null: never. */
  readonly expiresAfterMs: number | null;
};

/** A token that was just made. Its text is told this once. */
type NewToken = { readonly text: string } & Pick<StoredToken, "id" | "name" | "grants" | "createdAtMs" | "expiresAtMs">;

/** Makes and revokes tokens. */
export class TokenKeeper {
  readonly #tokens: TokenStore;
  readonly #now: () => number;

  constructor(tokens: TokenStore, now: () => number) {
    this.#tokens = tokens;
    this.#now = now;
  }

  /** Throws BAD_REQUEST for what cannot be, DENIED for a name that is taken or a store that is full. */
  async create({ name, grants: texts, expiresAfterMs }: TokenRequest, cause: EventCause): Promise<NewToken> {
    checkAccountName("token", name);
    const grants = texts.map((text) => formatGrant(parseNewGrant(text)));
    const createdAtMs = this.#now();
    const expiresAtMs = expiresAfterMs === null ? null : createdAtMs + expiresAfterMs;
    const [text, id] = [newTokenText(), newTokenId()];
    const until = expiresAtMs === null ? "for good" : `until ${new Date(expiresAtMs).toISOString()}`;
    const outcome = await this.#tokens.add(
      { id, name, secretHash: hashOfToken(text), grants, createdAtMs, expiresAtMs },
      {
        ...causeOf(cause),
        atMs: createdAtMs,
        action: "token-created",
        subject: name,
        detail: `${id}: may ${grants.join(" ")} ${until}`,
      },
    );
    if (outcome === "taken") {
      const remedy = `\`larder token rm ${name}\` revokes it; or choose another name`;
      throw new RegistryError("DENIED", `there is a token ${name} already: ${remedy}`);
    }
    if (outcome === "full") throw new RegistryError("DENIED", `there are ${TOKENS_LIMIT} tokens, and no more are kept`);
    return { text, id, name, grants, createdAtMs, expiresAtMs };
  }

  /** Revokes the token of this id or name. Throws NAME_UNKNOWN when none of that is in force. */
  async revoke(idOrName: string, cause: EventCause): Promise<StoredToken> {
    const entry = { ...causeOf(cause), atMs: this.#now(), subject: idOrName, detail: null };
    const revoked = await this.#tokens.revoke(idOrName, { ...entry, action: "token-revoked" });
    if (revoked !== null) return revoked;
    const what = `there is no token ${JSON.stringify(idOrName)} that is in force; \`larder token ls\` lists them`;
    throw new RegistryError("NAME_UNKNOWN", what);
  }
}
