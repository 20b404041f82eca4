import { expect, test } from "bun:test";
import { digestOf } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { AllHolds } from "./holds.ts";
import { Pins } from "./pins.ts";

const DIGEST = digestOf("an image");
const NGINX = "docker.io/library/nginx" as RepositoryName;
const V1 = "1.27" as Tag;

test("until the pins are read, everything is held", async () => {
  const { pins: store } = memoryMetadata();
  const pins = new Pins(store, () => 1);
  expect(pins.isPinned(NGINX, V1, DIGEST)).toBe(true);
  await pins.load();
  expect(pins.isPinned(NGINX, V1, DIGEST)).toBe(false);
});

test("a pin holds as soon as it was made, whoever makes it, and no longer once it is taken away", async () => {
  const { pins: store } = memoryMetadata();
  const pins = new Pins(store, () => 7);
  await pins.load();
  expect(await pins.add("docker.io/nginx:1.*", "ann")).toEqual({ text: "docker.io/library/nginx:1.*", isNew: true });
  expect(await pins.add("docker.io/library/nginx:1.*", null)).toMatchObject({ isNew: false });
  expect(pins.reasonFor(NGINX, V1, DIGEST)).toBe("the pin docker.io/library/nginx:1.*");
  expect(pins.reasonFor(NGINX, null, DIGEST)).toBeNull();
  expect(await pins.list()).toEqual([{ text: "docker.io/library/nginx:1.*", addedAtMs: 7, who: "ann" }]);
  await store.add({ text: "quay.io/**", addedAtMs: 1, who: null });
  await Bun.sleep(0);
  expect(pins.isPinned("quay.io/a/b" as RepositoryName, null, DIGEST)).toBe(true);
  expect(await pins.remove("docker.io/nginx:1.*")).toMatchObject({ wasThere: true });
  expect(await pins.remove("docker.io/nginx:1.*")).toMatchObject({ wasThere: false });
  expect(pins.isPinned(NGINX, V1, DIGEST)).toBe(false);
});

test("of several kinds of holds each counts", () => {
  const recording = { reasonFor: (name: RepositoryName) => (name === NGINX ? "the recording x" : null) };
  const nothing = { reasonFor: () => null };
  const all = new AllHolds([nothing, recording]);
  expect(all.reasonFor(NGINX, null, DIGEST)).toBe("the recording x");
  expect(all.reasonFor("a/b" as RepositoryName, null, DIGEST)).toBeNull();
});
