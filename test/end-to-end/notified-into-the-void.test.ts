/** Whoever is told, or takes traces, is where packets vanish without a word: pushes and other endpoints do not notice. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";

const SETUP_TIMEOUT_MS = 60_000;
const INDEX = "application/vnd.oci.image.index.v1+json";
const RECEIVER = `
  Bun.serve({ hostname: "127.0.0.1", port: 9000, fetch: async (request) => {
    console.log("told of " + (await request.json()).subject);
    return new Response(null, { status: 204 });
  } });
  console.log("listening");`;

describe.skipIf(!requirement(...LAB_NEEDS).met)("while packets to who is told are dropped", () => {
  let lab: NetworkLab;
  let host: LabHost;
  let larder: LabDaemon;
  let receiver: LabDaemon;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    host = await lab.addHost("larder");
    const nowhere = await lab.addVoid(host);
    receiver = host.start([process.execPath, "--eval", RECEIVER]);
    await receiver.printed(/listening/, SETUP_TIMEOUT_MS);
    const endpoints = [
      { name: "lost", url: `http://${nowhere.ipv4}/hook`, format: "cloudevents" },
      { name: "lost-too", url: `http://[${nowhere.ipv6}]:8080/hook`, timeout: "60s" },
      { name: "here", url: "http://127.0.0.1:9000/", format: "cloudevents" },
    ];
    const config = join(host.folder, "larder.yaml");
    const tracing = { endpoint: `http://${nowhere.ipv4}:4318` };
    await Bun.write(config, JSON.stringify({ notifications: { endpoints }, tracing }));
    larder = await startLarder(host, "--config", config);
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  /** Runs JavaScript on the host, and gives what it says. */
  const evaluate = (script: string) => host.exec([process.execPath, "--eval", script]);

  test("pushes are acknowledged and others told of them, it is said why it fails, and a stop does not wait for it", async () => {
    for (let round = 0; round < 20; round++) {
      const manifest = JSON.stringify({
        schemaVersion: 2,
        mediaType: INDEX,
        manifests: [],
        annotations: { round: `${round}` },
      });
      const init = JSON.stringify({ method: "PUT", body: manifest, headers: { "Content-Type": INDEX } });
      const put = `fetch("http://127.0.0.1:5000/v2/team/app/manifests/v${round}", ${init})`;
      expect((await evaluate(`console.log((await ${put}).status)`)).trim()).toBe("201");
    }
    await receiver.printed(/told of team\/app:v19/, 30_000);
    const states = async () => {
      const { endpoints } = JSON.parse(
        await evaluate(`console.log(await (await fetch("http://127.0.0.1:5000/api/v1/notifications")).text())`),
      ) as { endpoints: { endpoint: string; waiting: number; delivered: number; failure: string | null }[] };
      return new Map(endpoints.map((one) => [one.endpoint, one]));
    };
    await until("it is said why", async () => (await states()).get("lost")?.failure !== null, 60_000);
    const known = await states();
    expect(known.get("lost")).toMatchObject({ waiting: 20, delivered: 0 });
    // Its own time may be over before the connection gives up.
    expect(known.get("lost")?.failure).toMatch(/192\.0\.2\.253|did not answer within/);
    expect(known.get("here")).toMatchObject({ waiting: 0, delivered: 20, failure: null });
    expect(await larder.stop()).toBe(0);
  }, 120_000);
});
