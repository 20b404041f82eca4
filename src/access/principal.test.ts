import { expect, test } from "bun:test";
import { type CredentialChecker, type Principal, principalName } from "./principal.ts";

const knowsBob: CredentialChecker = {
  check: (credentials) => Promise.resolve(credentials.kind === "basic" ? { kind: "user", name: "bob" } : null),
};

test("a principal is told of by a name that no other kind's can be taken for", async () => {
  const bob = await knowsBob.check(
    { kind: "basic", username: "bob", password: "x" },
    {
      remote: null,
      local: { address: null, port: 0 },
      scheme: "http",
    },
  );
  const all: readonly (Principal | null)[] = [
    bob,
    { kind: "token", name: "ci", grants: [] },
    { kind: "certificate", name: "node1" },
    { kind: "workload", provider: "github", name: "repo:acme/app", claims: {}, expiresAtMs: 0 },
    { kind: "administrator" },
    { kind: "own-machine" },
    { kind: "stranger", trait: "came from 10.0.0.9" },
  ];
  expect(all.map((one) => (one === null ? "nobody" : principalName(one)))).toEqual([
    "bob",
    "token:ci",
    "certificate:node1",
    "github:repo:acme/app",
    "administrator",
    null,
    null,
  ]);
});
