import { expect, test } from "bun:test";
import { parseConfiguration } from "./configuration-file.ts";
import { settingsFrom } from "./settings.ts";

const read = (rule: string) => parseConfiguration(`# a line\nrequire:\n  - ${rule}\n`, "l.yaml");

test("a rule names images, and whose signatures count", () => {
  const { given, problems } = parseConfiguration(
    [
      "require:",
      "  - { pattern: 'docker.io/acme/**', except: docker.io/acme/base, cosignKey: [a.pub, b.pub] }",
      "  - pattern: 'docker.io/nginx'",
      "    sigstore: { trustedRoot: root.json, issuer: 'https://a', identity: 'x@y' }",
      "    notation: { trustStore: ca.pem, identities: ['*'] }",
    ].join("\n"),
    "l.yaml",
  );
  expect(problems).toEqual([]);
  const [first, second] = settingsFrom(given).require;
  expect(first?.pattern.text).toBe("docker.io/acme/**");
  expect(first?.except.map(({ text }) => text)).toEqual(["docker.io/acme/base"]);
  expect(first).toMatchObject({ cosignKeys: ["a.pub", "b.pub"], sigstore: null, notation: null });
  expect(second?.pattern.text).toBe("docker.io/library/nginx");
  expect(second).toMatchObject({
    cosignKeys: [],
    sigstore: { trustedRoot: "root.json", issuer: "https://a", identities: ["x@y"] },
    notation: { trustStore: ["ca.pem"], identities: ["*"] },
  });
});

test.each([
  ["{ pattern: 'a/**:1', cosignKey: x }", "names a tag"],
  ["{ patern: 'a/**', cosignKey: x }", "did you mean pattern?"],
  ["{ pattern: 'A', cosignKey: x }", "is not a pattern of names"],
  ["{ pattern: 'a/**' }", "nobody's signature is named"],
  ["{ pattern: 'a/**', cosignKey: [] }", "cosignKey must not be an empty list"],
  ["{ pattern: 'a/**', cosignKey: '' }", "cosignKey must not be empty"],
  ["{ pattern: 'a/**', cosignKey: { file: x } }", "cosignKey must be text, or a list of texts"],
  ["{ cosignKey: x }", "a rule of require needs pattern"],
  ["{ pattern: 'a/**', except: ['b:1'], cosignKey: x }", "names a tag"],
  ["{ pattern: 'a/**', sigstore: { trustedRoot: x, identity: y } }", "sigstore needs issuer"],
  ["{ pattern: 'a/**', sigstore: { trustedRoot: x, isuer: y, issuer: z, identity: q } }", "did you mean issuer?"],
  ["{ pattern: 'a/**', notation: { trustStore: x } }", "notation needs identities"],
  ["{ pattern: 'a/**', notation: { trustStore: x, identities: [1] } }", "identities must be text"],
  ["a/**", "must be a list of keys and values"],
])("%s is told, with its line", (rule, message) => {
  const { problems } = read(rule);
  expect(problems[0]).toStartWith("l.yaml:3: require: ");
  expect(problems.join("\n")).toContain(message);
});
