import * as v from "valibot";
import { AciError } from "../aci-error.ts";

/** Larger than any config in use, smaller than what hurts. */
const MAX_CONFIG_BYTES = 8 << 20;

const strings = v.nullish(v.array(v.string()), []);
const names = v.nullish(v.record(v.string(), v.unknown()), {});
/** Source: image-spec v1.1.1, config.md; Docker's image specification v1.2. */
const document = v.looseObject({
  created: v.nullish(v.string()),
  author: v.nullish(v.string(), ""),
  architecture: v.nullish(v.string(), ""),
  variant: v.nullish(v.string(), ""),
  os: v.nullish(v.string(), ""),
  config: v.nullish(
    v.looseObject({
      User: v.nullish(v.string(), ""),
      Env: strings,
      Entrypoint: strings,
      Cmd: strings,
      WorkingDir: v.nullish(v.string(), ""),
      Volumes: names,
      ExposedPorts: names,
      Labels: v.nullish(v.record(v.string(), v.string()), {}),
    }),
    {},
  ),
  rootfs: v.nullish(v.looseObject({ diff_ids: strings })),
});

/** An image's config, what is missing filled in as empty. */
export type ImageConfig = v.InferOutput<typeof document>;

/** Reads a config document. Throws AciError naming the field that is wrong. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  if (bytes.length > MAX_CONFIG_BYTES) {
    throw new AciError(`the image's config has ${bytes.length} bytes; ${MAX_CONFIG_BYTES} are allowed`);
  }
  const parsed = v.safeParse(document, parseJson(bytes));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new AciError(`the image's config is not valid: ${v.getDotPath(issue) ?? "the document"}: ${issue.message}`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AciError("the image's config is not JSON", { cause });
  }
}
