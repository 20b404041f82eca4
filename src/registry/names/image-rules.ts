import { parseAttachmentTag } from "../../oci/attachment-tag.ts";
import { type ImagePattern, parseImagePattern } from "../../oci/image-pattern.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { LOCAL, looksLikeHost, type Namespace, tryParseNamespace } from "../../oci/repository-name.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { Tag } from "../../oci/tag.ts";

/** Patterns as people write them, in the settings that are named so. */
export type ImageRuleTexts = {
  /** What alone may come from upstream registries; empty: anything. A registry's own list takes the place of this one there. */
  readonly allow: readonly string[];
  /** What may not come from them, besides what a registry's own list says. */
  readonly deny: readonly string[];
  readonly upstreams: readonly {
    readonly namespace: Namespace;
    readonly allow: readonly string[];
    readonly deny: readonly string[];
  }[];
  /** Tags that stay as they are. */
  readonly immutable: readonly string[];
};

type Rule = { readonly pattern: ImagePattern; readonly key: string };
type Lists = { readonly allow: readonly Rule[]; readonly deny: readonly Rule[] };

/** Says why an image may not come in. */
export class IntakeDenied extends RegistryError {
  constructor(message: string) {
    super("DENIED", message);
  }
}

/**
 * Which images may come from upstream registries, and which tags never change.
 *
 * What may not come in is neither fetched nor served, though it came before the rule; what people pushed is not upstream's,
 * and stays. Where a pattern has a tag, it is about tags alone: an image that is asked for by its digest is judged by its name,
 * and so is the tag of a signature, which has a digest in place of a version.
 */
export class ImageRules {
  /** Is there any rule on what may come in? */
  readonly limitsIntake: boolean;
  readonly #general: Lists;
  readonly #upstreams: ReadonlyMap<Namespace, Lists>;
  /** Is there any tag that never changes? */
  readonly limitsChanges: boolean;
  readonly #immutable: readonly Rule[];

  /** Throws NAME_INVALID for what is no pattern. */
  constructor(texts: ImageRuleTexts) {
    const rules = (patterns: readonly string[], key: string) =>
      patterns.map((text): Rule => ({ pattern: parseImagePattern(text), key: `${key} ${JSON.stringify(text)}` }));
    this.#general = { allow: rules(texts.allow, "allow"), deny: rules(texts.deny, "deny") };
    this.#upstreams = new Map(
      texts.upstreams.map(({ namespace, allow, deny }): [Namespace, Lists] => {
        const own = (patterns: readonly string[], key: string) =>
          patterns.map((text) => ({
            pattern: parseUpstreamPattern(namespace, text),
            key: `upstreams.${namespace}.${key} ${JSON.stringify(text)}`,
          }));
        return [namespace, { allow: own(allow, "allow"), deny: own(deny, "deny") }];
      }),
    );
    this.#immutable = rules(texts.immutable, "immutable");
    this.limitsChanges = this.#immutable.length > 0;
    this.limitsIntake = [this.#general, ...this.#upstreams.values()].some(
      ({ allow, deny }) => allow.length + deny.length > 0,
    );
  }

  /**
   * The rule by which nothing of this may come in, as a sentence; null: it may. `tag` null: the repository as a whole, or what
   * is asked for by its digest. What belongs to no upstream registry always may.
   */
  refusal(repository: Repository, tag: Tag | null): string | null {
    const { namespace } = repository;
    if (!this.limitsIntake || namespace === LOCAL) return null;
    const own = this.#upstreams.get(namespace);
    const version = tag !== null && parseAttachmentTag(tag) === null ? tag : null;
    const name = nameOf(repository);
    const image = version === null ? name : `${name}:${version}`;
    const denied = [...(own?.deny ?? []), ...this.#general.deny].find((rule) => denies(rule, repository, version));
    if (denied !== undefined) return `${image} may not come in: ${denied.key} in larder's settings denies it`;
    const allow = own !== undefined && own.allow.length > 0 ? own.allow : this.#general.allow;
    if (allow.length === 0 || allow.some((rule) => allows(rule, repository, version))) return null;
    const key = allow === this.#general.allow ? "allow" : `upstreams.${namespace}.allow`;
    return `${image} may not come in: ${key} in larder's settings does not name it`;
  }

  /** Throws IntakeDenied when `refusal` has something to say. */
  assertMayComeIn(repository: Repository, tag: Tag | null): void {
    if (!this.limitsIntake) return;
    const refusal = this.refusal(repository, tag);
    if (refusal !== null) throw new IntakeDenied(refusal);
  }

  /**
   * The rule by which a tag stays as it is, as the settings have it; null: it may change. A signature's always may: whoever
   * signs an image adds theirs to those that are under its tag.
   */
  immutableBy(repository: Repository, tag: Tag): string | null {
    if (this.#immutable.length === 0 || parseAttachmentTag(tag) !== null) return null;
    const found = this.#immutable.find(
      ({ pattern }) => isMeant(pattern, repository) && pattern.tag?.matches(tag) !== false,
    );
    return found?.key ?? null;
  }
}

/** Nothing is forbidden. */
export const NO_IMAGE_RULES = new ImageRules({ allow: [], deny: [], upstreams: [], immutable: [] });

/**
 * The pattern that a text spells in the settings of a registry: `library/**` is one of that registry's, which may stand in
 * front as well. Throws NAME_INVALID for one of another registry.
 */
export function parseUpstreamPattern(namespace: Namespace, text: string): ImagePattern {
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  if (!looksLikeHost(first)) return parseImagePattern(`${namespace}/${text}`);
  if (tryParseNamespace(first) === namespace) return parseImagePattern(text);
  const message = `${JSON.stringify(text)} names the registry ${first}, and stands among the rules of ${namespace}`;
  throw new RegistryError("NAME_INVALID", message);
}

function isMeant({ name }: ImagePattern, repository: Repository): boolean {
  return name.matches(nameOf(repository));
}

/** Every tag is meant by a pattern of stars alone. */
function tagOf({ tag }: ImagePattern) {
  return tag === null || /^\*+$/.test(tag.text) ? null : tag;
}

function denies({ pattern }: Rule, repository: Repository, version: Tag | null): boolean {
  const tag = tagOf(pattern);
  return isMeant(pattern, repository) && (tag === null || (version !== null && tag.matches(version)));
}

function allows({ pattern }: Rule, repository: Repository, version: Tag | null): boolean {
  const tag = tagOf(pattern);
  return isMeant(pattern, repository) && (tag === null || version === null || tag.matches(version));
}
