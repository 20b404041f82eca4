import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";

/** Lower-case letters and digits, with `.`, `_`, `-` and `@` between or behind them: 1 to 64 characters. */
const FORM = /^[a-z0-9][a-z0-9._@-]{0,63}$/;

/** Words by which rules and logs call others. */
const RESERVED: ReadonlySet<string> = new Set(
  // The last ones are what some programs send for want of a name.
  "anonymous authenticated this-machine administrator everyone everybody nobody larder token user certificate oauth2accesstoken".split(
    " ",
  ),
);

/** Checks the name of a user or token that is to be made. Throws BAD_REQUEST, saying why it cannot be one. */
export function checkAccountName(what: "user" | "token", name: string): void {
  if (!FORM.test(name)) {
    const why = /[A-Z]/.test(name)
      ? "names are in lower case"
      : "names have lower-case letters, digits, '.', '_', '-' and '@', begin with a letter or digit, and have 64 characters at most";
    throw new RegistryError("BAD_REQUEST", `${quoteBriefly(name)} cannot be a ${what}'s name: ${why}`);
  }
  if (!RESERVED.has(name)) return;
  throw new RegistryError(
    "BAD_REQUEST",
    `${name} cannot be a ${what}'s name: rules and logs have that word for others`,
  );
}
