/** What is acknowledged is on disk, whenever the power fails: each sync is over before what relies on it begins. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Content, freshName, makeBlob, makeManifest } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { finishUpload, patchChunk, putManifest, send, startUpload } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { type SystemCall, systemCalls, tracing } from "./system-calls.ts";

const lab = requirement("root", "strace");

describe.skipIf(!lab.met)("when a push is acknowledged", () => {
  let parent: string;
  let trace: string;
  let larder: LarderProcess;
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "larder-test-syncs-"));
    trace = join(parent, "trace");
    larder = await startLarder({ dataFolder: join(parent, "new", "data"), wrapper: tracing(trace) });
  });
  afterAll(async () => {
    await larder.stop();
    await rm(parent, { recursive: true });
  });

  /** What a push caused, and the call that acknowledged it: the last answer that says 201. */
  async function callsOf(push: () => Promise<number>): Promise<{ calls: readonly SystemCall[]; answer: SystemCall }> {
    const before = systemCalls(trace).at(-1)?.ends ?? -1;
    const fresh = () => systemCalls(trace).filter(({ begins }) => begins > before);
    expect(await push()).toBe(201);
    await until("the answer is traced", () => fresh().some(isAnswer));
    const calls = fresh();
    return { calls, answer: only(calls.filter(isAnswer)) };
  }

  const isAnswer = ({ name, text }: SystemCall) => name.startsWith("send") && text.includes("HTTP/1.1 201");
  const isWrite = ({ name }: SystemCall) => name.startsWith("pwrite") || name === "write" || name === "writev";
  const isSync = ({ name }: SystemCall) => name === "fsync" || name === "fdatasync";
  const isOf =
    (path: string) =>
    ({ text }: SystemCall) =>
      text.includes(`<${path}>`);

  function only(calls: readonly SystemCall[]): SystemCall {
    const [call, ...others] = calls;
    if (call === undefined || others.length > 0) throw new Error(`${calls.length} calls where one was expected`);
    return call;
  }

  /** A sync of `path` that lies between the end of one call and the beginning of another. */
  function expectSync(calls: readonly SystemCall[], path: string, after: number, before: number, what: string): void {
    const syncs = calls.filter(isSync).filter(isOf(path));
    const isInBetween = syncs.some(({ begins, ends }) => begins > after && ends < before);
    expect({ what, isInBetween }).toEqual({ what, isInBetween: true });
  }

  /** The log of the database is written to after what it tells of is done, then synced, and then comes the answer. */
  function expectRecord(calls: readonly SystemCall[], answer: SystemCall, after: number): void {
    const log = join(larder.dataFolder, "larder.db-wal");
    const [first] = calls
      .filter(isWrite)
      .filter(isOf(log))
      .filter(({ begins }) => begins > after);
    expectSync(calls, log, first?.ends ?? Infinity, answer.begins, "the database's log");
  }

  function expectBlob(calls: readonly SystemCall[], answer: SystemCall, { digest, bytes }: Content): void {
    const hex = digest.replace("sha256:", "");
    const place = join(larder.dataFolder, "blobs", "sha256", hex.slice(0, 2), hex);
    const move = only(calls.filter(({ name, text }) => name.startsWith("rename") && text.includes(`"${place}"`)));
    const upload = /"([^"]+)"/.exec(move.text)?.[1] ?? "";
    const writes = calls.filter(isWrite).filter(isOf(upload));
    const written = writes.reduce((sum, { text }) => sum + Number(/= (\d+)$/.exec(text)?.[1]), 0);
    expect(written).toBe(bytes.byteLength);
    expectSync(calls, upload, writes.at(-1)?.ends ?? Infinity, move.begins, "the file, before it gets its name");
    expectSync(calls, dirname(place), move.ends, answer.begins, "the folder, before the answer");
    for (const { text, ends } of calls.filter(({ name }) => name.startsWith("mkdir"))) {
      const made = /"([^"]+)"/.exec(text)?.[1] ?? "";
      // Housekeeping makes folders as well, whenever its time has come.
      if (!made.startsWith(join(larder.dataFolder, "blobs"))) continue;
      expectSync(calls, dirname(made), ends, answer.begins, `the folder above ${made}`);
    }
    expectRecord(calls, answer, move.ends);
  }

  test("the blob's file, its name and its record are on disk", async () => {
    const [name, blob] = [freshName(), makeBlob(300_000)];
    for (const _time of ["new", "and pushed again over the file that is there"]) {
      const { calls, answer } = await callsOf(async () => {
        const url = `${larder.url}/v2/${name}/blobs/uploads/?digest=${blob.digest}`;
        return (await send("POST", url, { body: blob.bytes })).status;
      });
      expectBlob(calls, answer, blob);
    }
  });

  test("the blob that came in chunks is on disk", async () => {
    const [name, blob] = [freshName(), makeBlob(300_000)];
    const { calls, answer } = await callsOf(async () => {
      const session = await startUpload(larder.url, name);
      await patchChunk(session, blob.bytes.slice(0, 200_000), 0);
      return (await finishUpload(session, blob.digest, blob.bytes.slice(200_000))).status;
    });
    expectBlob(calls, answer, blob);
  });

  test("the manifest's record is on disk", async () => {
    const manifest = makeManifest({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [],
    });
    const { calls, answer } = await callsOf(
      async () => (await putManifest(larder.url, freshName(), manifest, "1")).status,
    );
    expectRecord(calls, answer, -1);
  });

  test("the data folder that was made has its name on disk, and so have the folders in it", () => {
    const calls = systemCalls(trace);
    const [answer] = calls.filter(isAnswer);
    for (const made of [join(parent, "new"), larder.dataFolder, join(larder.dataFolder, "blobs")]) {
      const make = calls.find(({ name, text }) => name.startsWith("mkdir") && text.includes(`"${made}"`));
      expectSync(calls, dirname(made), make?.ends ?? Infinity, answer?.begins ?? -1, `the folder above ${made}`);
    }
  });
});
