import { join } from "node:path";
import { CHECKOUT } from "../source-version.ts";
import type { About } from "./image-config.ts";

/** What package.json says of larder to those who only see its image. */
export async function readAbout(): Promise<About> {
  const { description, license, repository } = (await Bun.file(join(CHECKOUT, "package.json")).json()) as Manifest;
  const url = typeof repository === "object" ? repository.url : repository;
  return { description, license, ...(url === undefined ? {} : { repository: url }) };
}

type Manifest = {
  readonly description: string;
  readonly license: string;
  readonly repository?: string | { readonly url: string };
};
