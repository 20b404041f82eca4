/** What a page may try at a registry, as JavaScript for a browser; the tests' own compiler does not know the DOM. */

/** A blob, a manifest that needs nothing else, and an image that is there and is to be hurt. */
export type Loot = {
  readonly text: string;
  readonly digest: string;
  readonly manifest: string;
  readonly victim: { readonly name: string; readonly tag: string; readonly digest: string };
};

/**
 * Requests that a browser sends for any page without asking the server first, each for a repository of its name. The
 * script resolves when they are on their way; their answers are hidden from the page.
 */
export const SIMPLE_WAYS = ["form-plain", "form-multipart", "no-cors", "beacon"] as const;

/** An expression that does so; `registry` is a URL without a slash at the end. */
export function simpleRequests(registry: string, loot: Loot): string {
  return `(async (registry, loot) => {
    const place = (way) => registry + "/v2/" + way + "/blobs/uploads/?digest=" + loot.digest;
    const submit = (way, enctype) => new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.name = way + Math.random();
      document.body.append(frame);
      const form = document.createElement("form");
      Object.assign(form, { method: "POST", action: place(way), enctype, target: frame.name });
      const field = document.createElement("input");
      Object.assign(field, { name: "a", value: loot.text });
      form.append(field);
      document.body.append(form);
      frame.addEventListener("load", resolve);
      form.submit();
    });
    await submit("form-plain", "text/plain");
    await submit("form-multipart", "multipart/form-data");
    const admin = (path, body) => fetch(registry + "/api/v1/" + path, { method: "POST", mode: "no-cors", body });
    const attempts = [
      fetch(place("no-cors"), { method: "POST", mode: "no-cors", body: loot.text }),
      admin("collections", '{"graceMs":0}'),
      admin("fetches", JSON.stringify({ image: "quay.io/any:1", platforms: "all" })),
    ];
    await Promise.allSettled(attempts);
    return navigator.sendBeacon(place("beacon"), loot.text);
  })(${JSON.stringify(registry)}, ${JSON.stringify(loot)})`;
}

/** An expression that tries all that a script may ask for. Resolves to lines of "what: status", or "what: error's name". */
export function scriptedRequests(registry: string, loot: Loot): string {
  return `(async (registry, loot) => {
    const uploads = registry + "/v2/scripted/blobs/uploads/";
    const victim = registry + "/v2/" + loot.victim.name;
    const json = { "Content-Type": "application/json" };
    const manifestType = { "Content-Type": "application/vnd.oci.image.manifest.v1+json" };
    const tries = {
      "POST session": [uploads, { method: "POST" }],
      "POST blob": [uploads + "?digest=" + loot.digest, { method: "POST", body: loot.text }],
      "POST mount": [uploads + "?mount=" + loot.victim.digest + "&from=" + loot.victim.name, { method: "POST" }],
      "PATCH blob": [uploads + "any", { method: "PATCH", body: loot.text }],
      "PUT manifest": [victim + "/manifests/" + loot.victim.tag, { method: "PUT", headers: manifestType, body: loot.manifest }],
      "DELETE tag": [victim + "/manifests/" + loot.victim.tag, { method: "DELETE" }],
      "DELETE manifest": [victim + "/manifests/" + loot.victim.digest, { method: "DELETE" }],
      "PUT offline": [registry + "/api/v1/settings/offline", { method: "PUT", headers: json, body: '{"offline":false}' }],
      "POST collections": [registry + "/api/v1/collections", { method: "POST", headers: json, body: '{"graceMs":0}' }],
      "DELETE image": [registry + "/api/v1/images/local/" + loot.victim.name + ":" + loot.victim.tag, { method: "DELETE" }],
    };
    const outcomes = [];
    for (const [name, [url, init]] of Object.entries(tries)) {
      const outcome = await fetch(url, init).then((response) => response.status, (error) => error.name);
      outcomes.push(name + ": " + outcome);
    }
    const socket = new WebSocket(registry.replace("http", "ws") + "/v2/");
    outcomes.push("WebSocket: " + await new Promise((resolve) => {
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("refused");
    }));
    return outcomes;
  })(${JSON.stringify(registry)}, ${JSON.stringify(loot)})`;
}
