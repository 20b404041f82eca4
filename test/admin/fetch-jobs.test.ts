/** A list of images is brought by larder itself, whoever watches. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { FetchJobDetails } from "../../src/admin/fetch-job-schemas.ts";
import { HOST, PATH, PullThrough } from "../faults/pull-through.ts";
import { until } from "../until.ts";

describe("a list that is fetched", () => {
  let lab: PullThrough;
  beforeAll(async () => {
    lab = await PullThrough.start();
  });
  afterAll(() => lab.stop());

  const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const init =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    const response = await fetch(`${lab.larder.url}/api/v1/${path}`, { method, ...init });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(answer)}`);
    return answer as T;
  };
  const job = (id: string) => ask<FetchJobDetails>("GET", `fetch-jobs/${id}`);
  const named = (tag: string) => ({ image: `${HOST}/${PATH}:${tag}`, platforms: "all" });

  test("comes whole but for what cannot be had, is told of while it does, and is kept over a restart", async () => {
    for (const tag of ["one", "two"]) lab.addImage(tag);
    const images = [
      named("one"),
      named("two"),
      named("none"),
      named("one"),
      { image: "stranger.test/a:1", platforms: "all" },
    ];
    const { id, state } = await ask<FetchJobDetails>("POST", "fetch-jobs", { title: "a test", images });
    expect(state).toBe("running");
    await until("it has ended", async () => (await job(id)).state === "ended");
    const done = await job(id);
    expect(done).toMatchObject({ title: "a test", counts: { brought: 2, failed: 2, waiting: 0 } });
    expect(done.images.map((image) => [image.index, image.state])).toEqual([
      [0, "brought"],
      [1, "brought"],
      [2, "failed"],
      [3, "failed"],
    ]);
    expect(done.images[0]?.bytes).toBeGreaterThan(0);
    expect(done.images[2]?.reason).toContain(`is neither here nor at ${HOST}`);
    expect(done.images[3]?.reason).toContain("--stand-in stranger.test");
    expect(done.bytes).toBeGreaterThan(0);
    await lab.restart();
    expect((await ask<{ jobs: { id: string }[] }>("GET", "fetch-jobs")).jobs.map((one) => one.id)).toEqual([id]);
    // What has come meanwhile is there.
    lab.addImage("none");
    await ask("POST", `fetch-jobs/${id}/retries`, {});
    await until("it has ended again", async () => (await job(id)).state === "ended");
    expect((await job(id)).counts).toMatchObject({ brought: 3, failed: 1 });
    expect(await ask<object>("DELETE", `fetch-jobs/${id}`)).toEqual({ isRemoved: true });
    await expect(job(id)).rejects.toThrow("404");
  }, 60_000);

  test("that a kill broke off is interrupted, and one that is cancelled ends", async () => {
    lab.addImage("held");
    lab.upstream.misbehave({ kind: "blob" }, { kind: "hang" });
    const { id } = await ask<FetchJobDetails>("POST", "fetch-jobs", { images: [named("held")] });
    await until("it is on its way", async () => (await job(id)).images[0]?.state === "fetching");
    await lab.restart();
    expect(await job(id)).toMatchObject({ state: "interrupted", counts: { waiting: 1 } });
    await ask("POST", `fetch-jobs/${id}/retries`, {});
    expect((await job(id)).state).toBe("running");
    expect(await ask<object>("POST", `fetch-jobs/${id}/cancellations`, {})).toEqual({ isCancelled: true });
    await until("it has ended", async () => (await job(id)).state === "ended");
    expect((await job(id)).counts).toMatchObject({ cancelled: 1 });
    lab.upstream.behave();
  }, 60_000);

  test("what is none is refused", async () => {
    await expect(ask("POST", "fetch-jobs", { images: [] })).rejects.toThrow("400");
    await expect(ask("POST", "fetch-jobs", { images: [{ image: "A b", platforms: "all" }] })).rejects.toThrow(
      "NAME_INVALID",
    );
    const toaster = { image: "a", platforms: ["toaster"] };
    await expect(ask("POST", "fetch-jobs", { images: [toaster] })).rejects.toThrow("is not a platform");
    await expect(job("nothing")).rejects.toThrow("there is no fetch job");
  });
});
