/** The shape of `require`: which images need whose signatures. What is wrong is told at its line. */
import * as v from "valibot";
import { nearestWord } from "../../lib/text/nearest-word.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { type NamePattern, parseImagePattern } from "../../oci/image-pattern.ts";
import type { Plain, Shape } from "./shapes.ts";

/** Images of some names, and whose signatures count for them: any of these. Files are read when the settings are taken up. */
export type RequireSettings = {
  readonly pattern: NamePattern;
  readonly except: readonly NamePattern[];
  /** Files with public keys of cosign; none: no key counts. */
  readonly cosignKeys: readonly string[];
  readonly sigstore: {
    readonly trustedRoot: string;
    readonly issuer: string;
    readonly identities: readonly string[];
  } | null;
  readonly notation: { readonly trustStore: readonly string[]; readonly identities: readonly string[] } | null;
};

const EXPECTED = "a list of rules, each with pattern and one of cosignKey, sigstore or notation";
const SIGSTORE = "{ trustedRoot: trusted_root.json, issuer: https://accounts.example, identity: ci@acme.example }";
const NOTATION = "{ trustStore: ca.pem, identities: ['x509.subject: O=acme'] }";
const EXAMPLE = "{ pattern: 'docker.io/acme/**', cosignKey: /etc/larder/acme.pub }";

/** A text, or a list of some. */
function texts(what: string): v.GenericSchema<unknown, readonly string[]> {
  const filled = v.pipe(v.string(`${what} must be text`), v.minLength(1, `${what} must not be empty`));
  return v.pipe(
    v.unknown(),
    v.transform((value) => (typeof value === "string" ? [value] : value)),
    v.array(filled, `${what} must be text, or a list of texts`),
    v.minLength(1, `${what} must not be an empty list`),
    v.maxLength(100, `${what} has more than 100 entries`),
  );
}

function filled(what: string) {
  return v.pipe(v.string(`${what} must be text`), v.minLength(1, `${what} must not be empty`));
}

/** A group with these keys and no others. */
function group<const Entries extends v.ObjectEntries>(what: string, entries: Entries, example: string) {
  const keys = Object.keys(entries);
  return v.pipe(
    v.record(v.string(), v.unknown(), `${what} must be a list of keys and values: ${keys.join(", ")}`),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      for (const key of Object.keys(dataset.value)) {
        if (keys.includes(key)) continue;
        const meant = nearestWord(key, keys);
        const hint = meant === null ? ` (there are: ${keys.join(", ")})` : `; did you mean ${meant}?`;
        const path = [
          { type: "object", origin: "value", input: dataset.value, key, value: dataset.value[key] },
        ] as const;
        addIssue({ message: `${JSON.stringify(key)} is no key of ${what}${hint}`, path: [...path] });
      }
    }),
    v.object(entries, (issue) => `${what} needs ${keyOf(issue)}, such as ${example}`),
  );
}

function keyOf({ path }: v.BaseIssue<unknown>): string {
  const key = path?.at(-1)?.key;
  return typeof key === "string" ? key : "something else";
}

const pattern = v.pipe(
  v.string("pattern must be text"),
  v.rawTransform(({ dataset, addIssue, NEVER }): NamePattern => {
    try {
      const { name, tag } = parseImagePattern(dataset.value);
      if (tag === null) return name;
      addIssue({
        message: `${JSON.stringify(dataset.value)} names a tag, and an image that is pulled by its digest has none: write ${name.text}`,
      });
    } catch (error) {
      addIssue({ message: describeFailure(error) });
    }
    return NEVER;
  }),
);

const except = v.pipe(
  v.unknown(),
  v.transform((value) => (typeof value === "string" ? [value] : value)),
  v.array(pattern, "except must be a pattern, or a list of some"),
);

const rule = v.pipe(
  group(
    "a rule of require",
    {
      pattern,
      except: v.optional(except),
      cosignKey: v.optional(texts("cosignKey")),
      sigstore: v.optional(
        group(
          "sigstore",
          { trustedRoot: filled("trustedRoot"), issuer: filled("issuer"), identity: texts("identity") },
          SIGSTORE,
        ),
      ),
      notation: v.optional(
        group("notation", { trustStore: texts("trustStore"), identities: texts("identities") }, NOTATION),
      ),
    },
    EXAMPLE,
  ),
  v.check(
    ({ cosignKey, sigstore, notation }) => [cosignKey, sigstore, notation].some((one) => one !== undefined),
    `nobody's signature is named; write cosignKey, sigstore or notation, such as ${EXAMPLE}`,
  ),
  v.transform(
    (given): RequireSettings => ({
      pattern: given.pattern,
      except: given.except ?? [],
      cosignKeys: given.cosignKey ?? [],
      sigstore:
        given.sigstore === undefined
          ? null
          : {
              trustedRoot: given.sigstore.trustedRoot,
              issuer: given.sigstore.issuer,
              identities: given.sigstore.identity,
            },
      notation: given.notation ?? null,
    }),
  ),
);

/** A list of rules; a file may hold a single one without a list. */
export const requiredSignatures: Shape<readonly RequireSettings[]> = {
  schema: v.pipe(
    v.unknown(),
    v.transform((value) => (Array.isArray(value) ? value : [value])),
    v.array(rule),
    v.maxLength(200, "require has more than 200 rules"),
  ),
  expected: EXPECTED,
  write: `a list such as [${EXAMPLE}]`,
  fromText: () => null,
  isList: true,
  isSwitch: false,
  toPlain: (rules) => rules.map(toPlain),
};

function toPlain({ pattern: name, except: others, cosignKeys, sigstore, notation }: RequireSettings): Plain {
  return {
    pattern: name.text,
    ...(others.length === 0 ? {} : { except: others.map(({ text }) => text) }),
    ...(cosignKeys.length === 0 ? {} : { cosignKey: cosignKeys }),
    ...(sigstore === null
      ? {}
      : { sigstore: { trustedRoot: sigstore.trustedRoot, issuer: sigstore.issuer, identity: sigstore.identities } }),
    ...(notation === null ? {} : { notation: { ...notation } }),
  };
}
