import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseClientAgent } from "./client-agent.ts";

test.each([
  ["containerd/v2.1.4", "containerd", "2.1.4"],
  ["containerd/v2.0.5-k3s2", "containerd", "2.0.5-k3s2"],
  ["cri-o/1.31.0 go/go1.22.3 os/linux arch/amd64", "cri-o", "1.31.0"],
  [
    "docker/27.3.1 go/go1.22.7 git-commit/41ca978 kernel/6.8.0 os/linux arch/amd64 UpstreamClient(Docker-Client/27.3.1 \\(linux\\))",
    "docker",
    "27.3.1",
  ],
  ["containers/5.33.0 (github.com/containers/image)", "podman", "5.33.0"],
  ["skopeo/1.17.0", "skopeo", "1.17.0"],
  ["Buildah/1.38.0", "buildah", "1.38.0"],
  ["crane/0.20.2 go-containerregistry/0.20.2", "crane", "0.20.2"],
  ["go-containerregistry/v0.20.2", "go-containerregistry", "0.20.2"],
  ["buildkit/v0.17-dev", "buildkit", "0.17-dev"],
  ["regclient/regctl (v0.8.2)", "regctl", "0.8.2"],
  ["Go-http-client/1.1", "go", "1.1"],
  ["curl/8.5.0", "curl", "8.5.0"],
  ["rkt", "rkt", null],
])("%s", (text, runtime, version) => {
  expect(parseClientAgent(text)).toEqual({ runtime, version });
});

test.each([null, "", "  ", "(compatible)", "\u202Eevil/1", "/1.0", "<b>/1"])("%p names no program", (text) => {
  expect(parseClientAgent(text)).toBeNull();
});

test("whatever is sent, what comes out is short and plain", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string()), (text) => {
      const agent = parseClientAgent(text);
      if (agent === null) return;
      expect(agent.runtime).toMatch(/^[a-z][a-z0-9._+-]{0,31}$/);
      if (agent.version !== null) expect(agent.version).toMatch(/^[\w.+~-]{1,40}$/);
    }),
  );
});
