import { expect, test } from "bun:test";
import { ClientSettingsError } from "./client-settings-error.ts";
import { fetchServerSettings } from "./fetch-server-settings.ts";

const SAID = { standIns: ["docker.io"], ca: null, http: ["http://10.0.0.5:5000"], https: [], addresses: ["10.0.0.5"] };
const never = new AbortController().signal;

async function answer(response: () => Response): Promise<unknown> {
  const asked: string[] = [];
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      asked.push(new URL(request.url).pathname);
      return response();
    },
  });
  const result = await fetchServerSettings(`http://127.0.0.1:${server.port}`, null, never);
  expect(asked).toEqual(["/client/settings.json"]);
  return result;
}

test("gives what a larder says of itself, and overlooks what it does not know", async () => {
  expect(await answer(() => Response.json({ ...SAID, future: 1 }))).toEqual(SAID);
});

test("gives null for whatever is no larder", async () => {
  expect(await answer(() => new Response("not found", { status: 404 }))).toBeNull();
  expect(await answer(() => new Response("<html>"))).toBeNull();
  expect(await answer(() => Response.redirect("http://127.0.0.1:1/"))).toBeNull();
  expect(await answer(() => Response.json({ ...SAID, ca: "x".repeat(2 * 1024 * 1024) }))).toBeNull();
});

test("gives null when nobody is there", async () => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const origin = `http://127.0.0.1:${server.port}`;
  await server.stop(true);
  expect(await fetchServerSettings(origin, null, never)).toBeNull();
});

test("fails for settings that it does not understand, naming what is wrong", async () => {
  for (const bad of [{ ...SAID, standIns: "docker.io" }, [], { ...SAID, addresses: [1] }]) {
    const attempt = answer(() => Response.json(bad));
    expect(attempt).rejects.toBeInstanceOf(ClientSettingsError);
    expect(attempt).rejects.toThrow("/client/settings.json");
    await attempt.catch(() => {});
  }
});

test("ends when it is told to", async () => {
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => Bun.sleep(5_000).then(() => new Response()),
  });
  const controller = new AbortController();
  const attempt = fetchServerSettings(`http://127.0.0.1:${server.port}`, null, controller.signal);
  controller.abort();
  await expect(attempt).rejects.toThrow();
  await server.stop(true);
});
