/** `auth.oidc`: the issuers whose tokens prove who asks. */
import * as v from "valibot";
import { nearestWord } from "../../lib/text/nearest-word.ts";
import { type Shape, withoutUserInfo } from "./shapes.ts";

/** One issuer of OpenID Connect tokens. */
export type OidcSettings = {
  /** What rules call it. */
  readonly name: string;
  /** As its tokens have it in `iss`, letter by letter. */
  readonly issuer: string;
  /** One of these its tokens are for. */
  readonly audience: readonly string[];
  /** A file with its keys; null: it is asked for them. */
  readonly jwks: string | null;
  /** A PEM file with authorities to trust when it is asked, besides the public ones. */
  readonly ca: string | null;
};

const KEYS = ["name", "issuer", "audience", "jwks", "ca"];
/** Subjects of rules begin with these, and mean something else. */
const TAKEN = ["token", "certificate", "user", "administrator", "anonymous", "authenticated", "this-machine"];
const EXAMPLE = "{ name: github, issuer: https://token.actions.githubusercontent.com, audience: larder.example }";

type Entry = Readonly<Record<string, unknown>>;
/** What is wrong, and at which key of the entry; null: with all of it. */
type Problem = { readonly key: string | null; readonly message: string };

const item: v.GenericSchema<unknown, OidcSettings> = v.pipe(
  v.unknown(),
  v.rawTransform(({ dataset, addIssue, NEVER }): OidcSettings => {
    const input = dataset.value;
    const problems = isEntry(input)
      ? problemsOf(input)
      : [{ key: null, message: `must be ${EXPECTED}, such as ${EXAMPLE}` }];
    for (const { key, message } of problems) {
      if (key === null) addIssue({ message });
      else {
        const entry = input as Entry;
        addIssue({ message, path: [{ type: "object", origin: "value", input: entry, key, value: entry[key] }] });
      }
    }
    return problems.length === 0 ? settingsOf(input as Entry) : NEVER;
  }),
);

const list: v.GenericSchema<unknown, readonly OidcSettings[]> = v.pipe(
  v.unknown(),
  v.transform((value) => (Array.isArray(value) ? value : [value])),
  v.array(item),
  v.check(
    (all) => new Set(all.map(({ name }) => name)).size === all.length,
    "two issuers have the same name; rules could not tell them apart",
  ),
);
const EXPECTED = "a list of issuers, each with name, issuer and audience, maybe jwks or ca";

/** A list of issuers, each under a name of its own. A variable says it as JSON, which has commas of its own. */
export const oidcProviders: Shape<readonly OidcSettings[]> = {
  schema: list,
  expected: EXPECTED,
  write: `them as JSON: [{"name": …, "issuer": …, "audience": …}]`,
  fromText: (text) => {
    const parsed = v.safeParse(list, tryParseJson(text));
    return parsed.success ? parsed.output : null;
  },
  isList: false,
  isSwitch: false,
  toPlain: (all) =>
    all.map(({ name, issuer, audience, jwks, ca }) => ({
      name,
      issuer,
      audience,
      ...(jwks === null ? {} : { jwks }),
      ...(ca === null ? {} : { ca }),
    })),
};

function problemsOf(entry: Entry): readonly Problem[] {
  const problems: Problem[] = [];
  const say = (key: string | null, message: string) => problems.push({ key, message });
  for (const key of Object.keys(entry)) {
    if (KEYS.includes(key)) continue;
    const meant = nearestWord(key, KEYS);
    say(
      key,
      `${JSON.stringify(key)} is no key of an issuer${meant === null ? ` (there are: ${KEYS.join(", ")})` : `; did you mean ${meant}?`}`,
    );
  }
  // Of a key that is misspelt, one word is enough.
  const needed = problems.length > 0 ? [] : ["name", "issuer", "audience"];
  for (const key of needed) if (entry[key] === undefined) say(null, `an issuer needs ${key}, such as ${EXAMPLE}`);
  for (const key of ["name", "issuer", "jwks", "ca"]) {
    if (entry[key] !== undefined && (typeof entry[key] !== "string" || entry[key] === ""))
      say(key, `${key} must be text`);
  }
  const audiences = entry["audience"] === undefined ? ["x"] : [entry["audience"]].flat();
  if (audiences.length === 0 || audiences.some((text) => typeof text !== "string" || text === "")) {
    say("audience", "audience must be text, or a list of texts: what tokens have to be for");
  }
  const { name, issuer } = entry;
  if (
    typeof name === "string" &&
    name !== "" &&
    (!/^[a-z][\w.-]{0,63}$/i.test(name) || TAKEN.includes(name.toLowerCase()))
  ) {
    say(
      "name",
      `${JSON.stringify(name)} cannot be a name of an issuer: rules write it before a colon; letters, digits, dots and dashes, and no word that rules have already`,
    );
  }
  const why = typeof issuer === "string" && issuer !== "" ? whyNotAsked(issuer, entry) : null;
  if (why !== null) say("issuer", why);
  if (entry["jwks"] !== undefined && entry["ca"] !== undefined)
    say("ca", "an issuer whose keys are in a file (jwks) is not asked: ca is of no use");
  return problems;
}

/** Keys that come over plain HTTP may be anybody's. With a file of keys nobody is asked, and any text will do. */
function whyNotAsked(issuer: string, entry: Entry): string | null {
  if (entry["jwks"] !== undefined) return null;
  const url = URL.parse(issuer);
  const isPlain = url !== null && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  const isLoopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url?.hostname ?? "");
  if (isPlain && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback))) return null;
  return `${JSON.stringify(withoutUserInfo(issuer))} is not the https:// URL of an issuer; one that has none can be used with a file of its keys (jwks)`;
}

function settingsOf(entry: Entry): OidcSettings {
  return {
    name: entry["name"] as string,
    issuer: entry["issuer"] as string,
    audience: [entry["audience"] as string | readonly string[]].flat(),
    jwks: (entry["jwks"] as string | undefined) ?? null,
    ca: (entry["ca"] as string | undefined) ?? null,
  };
}

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
