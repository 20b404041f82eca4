import type { Digest } from "./digest.ts";
import type { Platform } from "./platform.ts";

/**
 * Points at content: what it is, how long, and by which digest. Source: image-spec v1.1.1, descriptor.md.
 * `size` is in bytes. `data`, when it is there, is the content itself in base64.
 */
export type Descriptor = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly data?: string;
  readonly urls?: readonly string[];
};
