import { describe, expect, test } from "bun:test";
import type { Namespace } from "../oci/repository-name.ts";
import { examineNames } from "./examine-names.ts";
import type { RuntimeReport } from "./examine-runtime.ts";
import type { Answerer, ProbeOrigin } from "./probe.ts";

const containerd = (...registries: string[]): RuntimeReport => ({
  runtime: "containerd",
  broughtHere: new Set(registries),
  broughtNowhere: new Set(),
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
  const [finding] = await examineNames(["docker.io" as Namespace], runtimes, null, { resolve, probe });
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
      expect.stringContaining("containerd goes past larder, though larder is asked for other registries"),
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

test("the name of a registry that larder is asked for, and does not answer, is not told of again", async () => {
  const report = { ...containerd(), broughtNowhere: new Set(["docker.io"]) };
  expect((await examine({ addresses: [] }, [report]))[0]).toBe("ok");
});

describe("names that are wrong for one cause", () => {
  const standIns = ["docker.io", "quay.io", "ghcr.io", "gcr.io", "registry.k8s.io"] as Namespace[];
  const none: ProbeOrigin = async (origin) => ({
    origin,
    who: "nobody",
    refusal: null,
    silence: `refused by ${origin}`,
  });

  test("are one line", async () => {
    const findings = await examineNames(standIns, [containerd()], null, { resolve: async () => [], probe: none });
    expect(findings.map(({ status, message }) => [status, message])).toEqual([
      [
        "fail",
        "registry-1.docker.io, quay.io, ghcr.io and 2 more have no address on this machine; a pull by containerd gets nowhere",
      ],
    ]);
  });

  test("are one line wherever the registries themselves lie", async () => {
    const resolve = async (name: string) => [name];
    const registry: ProbeOrigin = async (origin) => ({ origin, who: "registry", refusal: null, silence: null });
    const [finding, ...others] = await examineNames(standIns, [containerd()], null, { resolve, probe: registry });
    expect(others).toEqual([]);
    expect(finding?.message).toContain(
      "have addresses of their own: registries that are not larder; containerd goes past",
    );
    const silent = await examineNames(standIns, [containerd()], null, { resolve, probe: none });
    expect(silent).toHaveLength(1);
  });

  test("are told apart where they differ, and stop nothing where nobody pulls from there", async () => {
    const look = { resolve: async () => [], probe: none };
    const runtimes = [containerd("quay.io")];
    const findings = await examineNames(standIns, runtimes, new Set(["docker.io", "quay.io"]), look);
    expect(findings.map(({ status, message }) => [status, message.split(" on this")[0]])).toEqual([
      ["fail", "registry-1.docker.io has no address"],
      ["ok", "quay.io has no address"],
      ["warn", "ghcr.io, gcr.io and registry.k8s.io have no address"],
    ]);
  });
});
