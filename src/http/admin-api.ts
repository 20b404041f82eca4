import * as v from "valibot";
import {
  ADMIN_PATH,
  type CollectAnswer,
  type ImagesAnswer,
  type ListedImage,
  type VersionAnswer,
} from "../api/admin.ts";
import type { WriteAccess, Writer } from "../auth/write-access.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { CollectionLimits, Collector } from "../registry/collector.ts";
import type { Inventory } from "../registry/inventory.ts";
import { readBody } from "./distribution/read-body.ts";
import { errorResponse } from "./error-response.ts";

/** What the admin API speaks for. */
export type AdminParts = {
  readonly version: string;
  readonly access: WriteAccess;
  readonly inventory: Inventory;
  readonly collector: Collector;
  readonly collectionLimits: CollectionLimits;
  readonly reportFault: (error: unknown, request: Request) => void;
};

const BODY_LIMIT_BYTES = 1 << 20;
const collectRequest = v.strictObject({ graceMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))) });

/** Answers `/api/v1/…`, whose contract is `api/admin.ts`. */
export class AdminApi {
  readonly #parts: AdminParts;

  constructor(parts: AdminParts) {
    this.#parts = parts;
  }

  /** The answer; null when the path is not of this API. */
  answer(request: Request, path: string, writer: () => Writer): Promise<Response> | null {
    return path.startsWith(`${ADMIN_PATH}/`) ? this.#answer(request, path.slice(ADMIN_PATH.length + 1), writer) : null;
  }

  async #answer(request: Request, resource: string, writer: () => Writer): Promise<Response> {
    try {
      return await this.#dispatch(request, `${request.method} ${resource}`, writer);
    } catch (error) {
      if (!(error instanceof RegistryError)) this.#parts.reportFault(error, request);
      return errorResponse(error);
    }
  }

  async #dispatch(request: Request, action: string, writer: () => Writer): Promise<Response> {
    switch (action) {
      case "GET version":
        return Response.json({ name: "larder", version: this.#parts.version } satisfies VersionAnswer);
      case "GET images":
        return Response.json({ images: await this.#images() } satisfies ImagesAnswer);
      case "POST gc": {
        this.#parts.access.check(writer());
        const { graceMs } = await parseBody(request, collectRequest);
        const limits = this.#parts.collectionLimits;
        const report: CollectAnswer = await this.#parts.collector.collect({
          ...limits,
          graceMs: graceMs ?? limits.graceMs,
        });
        return Response.json(report);
      }
      default:
        throw new RegistryError("UNSUPPORTED", `${action} is nothing that this larder's admin API knows`);
    }
  }

  async #images(): Promise<ListedImage[]> {
    const images: ListedImage[] = [];
    for await (const { repository, tag, sizeBytes, platforms } of this.#parts.inventory.list()) {
      const name = `${repository}:${tag.tag}`;
      images.push({ name, digest: tag.digest, kind: tag.kind, sizeBytes, platforms, updatedAtMs: tag.updatedAtMs });
    }
    return images;
  }
}

/** A JSON body of the schema's shape; an empty one counts as `{}`. Throws BAD_REQUEST. */
async function parseBody<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const bytes = await readBody(request, BODY_LIMIT_BYTES, "request");
  let value: unknown = {};
  try {
    if (bytes.byteLength > 0) value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new RegistryError("BAD_REQUEST", "the request's body is not JSON", { cause });
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new RegistryError("BAD_REQUEST", `the request's body: ${v.getDotPath(issue) ?? ""} ${issue.message}`);
}
