/** Which subjects of certificates count. */
export type SubjectPattern = {
  /** `subject` has the attributes, as `CN=acme`. */
  matches(subject: readonly string[]): boolean;
};

const PREFIX = "x509.subject:";
const KNOWN = /^(?:C|ST|L|O|OU|CN|STREET|DC|UID|SERIALNUMBER|emailAddress|E)$/i;

/**
 * Reads an identity of the Notary project's trust policies: `*`, or `x509.subject: C=US, ST=WA, O=acme`: a certificate
 * counts that has all these attributes, whatever else it has. Throws an Error that says what is wrong.
 */
export function parseSubjectPattern(text: string): SubjectPattern {
  if (text.trim() === "*") return { matches: () => true };
  const said = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
  const wanted = said
    .split(/(?<!\\),/)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(readAttribute);
  if (wanted.length === 0) throw new Error(`${JSON.stringify(text)} names nobody; write * for everybody`);
  return {
    matches: (subject) => {
      const has = new Set(subject.map((line) => normalise(...splitOnce(line))));
      return wanted.every((attribute) => has.has(attribute));
    },
  };
}

function readAttribute(part: string): string {
  const [name, value] = splitOnce(part);
  if (!KNOWN.test(name) || value === "") {
    throw new Error(`${JSON.stringify(part)} is no attribute of a subject, such as O=acme or CN=release`);
  }
  return normalise(name, value.replaceAll(/\\(.)/g, "$1"));
}

function splitOnce(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text.trim(), ""] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function normalise(name: string, value: string): string {
  const upper = name.toUpperCase();
  return `${upper === "E" ? "EMAILADDRESS" : upper}=${value}`;
}
