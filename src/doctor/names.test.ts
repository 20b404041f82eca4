import { describe, expect, test } from "bun:test";
import type { Namespace } from "../oci/repository-name.ts";
import { examineNames } from "./examine-names.ts";
import type { RuntimeReport } from "./examine-runtime.ts";
import type { Answerer, ProbeOrigin } from "./probe.ts";

const containerd = (...registries: string[]): RuntimeReport => ({
  runtime: "containerd",
  broughtHere: new Set(registries),
  findings: [],
});

async function examine(
  answers: { https?: Answerer; http?: Answerer; refusal?: string; addresses?: string[] },
  runtimes: readonly RuntimeReport[],
) {
  const probe: ProbeOrigin = async (origin) => {
    const who = answers[origin.startsWith("https") ? "https" : "http"] ?? "nobody";
    const refusal = origin.startsWith("https") && who !== "nobody" ? (answers.refusal ?? null) : null;
    return { origin, who, refusal, silence: who === "nobody" ? "refused" : null };
  };
  const resolve = async () => answers.addresses ?? ["10.0.0.5"];
  const [finding] = await examineNames(["docker.io" as Namespace], runtimes, { resolve, probe });
  return [finding?.status, finding?.message];
}

describe("the name of a registry", () => {
  test("that leads to a larder that is trusted is all that a runtime needs", async () => {
    expect(await examine({ https: "larder" }, [containerd()])).toEqual([
      "ok",
      "registry-1.docker.io is 10.0.0.5: larder, by HTTPS that is trusted",
    ]);
  });

  test("that leads to a larder that is not trusted, or has no HTTPS, needs the runtime's settings", async () => {
    expect((await examine({ https: "larder", refusal: "unknown" }, [containerd()]))[0]).toBe("fail");
    expect((await examine({ http: "larder" }, [containerd()]))[0]).toBe("fail");
    expect((await examine({ http: "larder" }, [containerd("docker.io")]))[0]).toBe("ok");
    expect((await examine({ https: "larder", refusal: "unknown" }, [containerd("*")]))[0]).toBe("ok");
    expect((await examine({ http: "larder" }, []))[0]).toBe("warn");
  });

  test("that leads to the registry itself leads past larder, unless settings come first", async () => {
    const [status, message] = await examine({ https: "registry" }, [containerd()]);
    expect([status, message]).toEqual(["warn", expect.stringContaining("containerd goes past larder")]);
    expect((await examine({ https: "registry" }, [containerd("docker.io")]))[0]).toBe("ok");
    expect((await examine({ https: "registry" }, []))[0]).toBe("ok");
    // Half of its files are gone, or never came.
    expect(await examine({ https: "registry" }, [containerd("quay.io")])).toEqual([
      "fail",
      expect.stringContaining("containerd goes past larder, though it comes to larder for other registries"),
    ]);
  });

  test("that leads nowhere stops a pull, unless settings come first", async () => {
    expect((await examine({}, [containerd()]))[0]).toBe("fail");
    expect((await examine({ addresses: [] }, [containerd()]))[0]).toBe("fail");
    expect((await examine({ addresses: [] }, [containerd("docker.io")]))[0]).toBe("ok");
    expect((await examine({}, [containerd("docker.io"), containerd()]))[0]).toBe("fail");
    expect((await examine({ addresses: [] }, []))[0]).toBe("warn");
  });
});
