/**
 * The registry that a file of tests talks to: a larder of its own or, to see the tests fail elsewhere, the registry that
 * runs at the URL in LARDER_TEST_REGISTRY.
 */
import { afterAll, beforeAll } from "bun:test";
import { type LarderOptions, type LarderProcess, startLarder } from "./larder-process.ts";

/** True when the tests run against somebody else's registry: tests that need larder's process or files skip then. */
export const isForeignRegistry = Bun.env["LARDER_TEST_REGISTRY"] !== undefined;

export type RegistryUnderTest = {
  /** `http://host:port`, no slash at the end. */
  readonly url: string;
  /** The process. Throws when the registry is somebody else's: see `isForeignRegistry`. */
  readonly larder: () => LarderProcess;
};

type RunningRegistry = RegistryUnderTest & { stop(): Promise<void> };

/** Starts a larder, or takes the registry that LARDER_TEST_REGISTRY names. Who calls this stops it. */
export async function startRegistry(options: LarderOptions = {}): Promise<RunningRegistry> {
  const foreign = Bun.env["LARDER_TEST_REGISTRY"];
  if (foreign !== undefined) {
    return {
      url: foreign.replace(/\/$/, ""),
      larder: () => {
        throw new Error("the registry under test is not larder: skip this test with isForeignRegistry");
      },
      stop: async () => {},
    };
  }
  const larder = await startLarder(options);
  return {
    url: larder.url,
    larder: () => larder,
    stop: async () => {
      await larder.stop();
    },
  };
}

/** The registry of a whole file of tests: it is started before the first of them, and stopped behind the last. */
export function registryUnderTest(options: LarderOptions = {}): RegistryUnderTest {
  let running: RunningRegistry | null = null;
  const started = (): RunningRegistry => {
    if (running === null) throw new Error("the registry under test runs from beforeAll on");
    return running;
  };
  beforeAll(async () => {
    running = await startRegistry(options);
  });
  afterAll(() => running?.stop());
  return {
    get url() {
      return started().url;
    },
    larder: () => started().larder(),
  };
}
