import { expect, test } from "bun:test";
import { parseConfiguration } from "./configuration-file.ts";

const GITHUB = "https://token.actions.githubusercontent.com";

function read(yaml: string): unknown {
  const { given, problems } = parseConfiguration(yaml, "larder.yaml");
  return problems.length > 0 ? problems : given.get("auth.oidc")?.value;
}

test("issuers are read as they are written", () => {
  expect(
    read(`auth:
  oidc:
    - { name: github, issuer: ${GITHUB}, audience: larder.example }
    - name: cluster-a
      issuer: kubernetes/serviceaccount
      audience: [larder.example, other]
      jwks: /etc/larder/cluster-a.json
    - { name: gitlab, issuer: 'https://gitlab.corp.example', audience: larder, ca: /etc/larder/corp.pem }
    - { name: test, issuer: 'http://127.0.0.1:8080', audience: larder }
`),
  ).toEqual([
    { name: "github", issuer: GITHUB, audience: ["larder.example"], jwks: null, ca: null },
    {
      name: "cluster-a",
      issuer: "kubernetes/serviceaccount",
      audience: ["larder.example", "other"],
      jwks: "/etc/larder/cluster-a.json",
      ca: null,
    },
    {
      name: "gitlab",
      issuer: "https://gitlab.corp.example",
      audience: ["larder"],
      jwks: null,
      ca: "/etc/larder/corp.pem",
    },
    { name: "test", issuer: "http://127.0.0.1:8080", audience: ["larder"], jwks: null, ca: null },
  ]);
});

test.each<[string, string, number, string]>([
  ["no issuer at all", "[github]", 3, "must be a list of issuers"],
  ["no name", `[{ issuer: '${GITHUB}', audience: a }]`, 3, "an issuer needs name, such as"],
  ["no audience: tokens for anybody", `[{ name: a, issuer: '${GITHUB}' }]`, 3, "an issuer needs audience"],
  ["a list of no audiences", `[{ name: a, issuer: '${GITHUB}', audience: [] }]`, 3, "audience must be text"],
  ["a misspelt key", `\n    - name: a\n      isuer: x\n      audience: a`, 5, "did you mean issuer?"],
  [
    "a name of rules' own",
    `\n    - issuer: '${GITHUB}'\n      audience: a\n      name: token`,
    6,
    '"token" cannot be a name',
  ],
  ["a name with a colon", `[{ name: 'a:b', issuer: '${GITHUB}', audience: a }]`, 3, "cannot be a name"],
  [
    "an issuer over plain HTTP",
    `[{ name: a, issuer: 'http://gitlab.corp', audience: a }]`,
    3,
    "is not the https:// URL",
  ],
  [
    "an issuer with a password",
    `[{ name: a, issuer: 'https://u:secret@x.example', audience: a }]`,
    3,
    '"https://…@x.example"',
  ],
  ["an issuer that is no text", `[{ name: a, issuer: 7, audience: a }]`, 3, "issuer must be text"],
  ["an authority for nobody", `[{ name: a, issuer: x, audience: a, jwks: f, ca: g }]`, 3, "ca is of no use"],
  [
    "the same name twice",
    `[{ name: a, issuer: x, audience: a, jwks: f }, { name: a, issuer: y, audience: a, jwks: g }]`,
    3,
    "the same name",
  ],
])("%s is told with its line", (_, list, line, why) => {
  const problems = read(`# people and machines\nauth:\n  oidc: ${list}\n`) as readonly string[];
  expect(problems[0]).toStartWith(`larder.yaml:${line}: auth.oidc: `);
  expect(problems.join("\n")).toContain(why);
  expect(problems.join("\n")).not.toContain("secret");
});
