import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "yaml";
import { shellQuote, systemdQuote, tomlString, tomlStrings } from "./quote.ts";
import { writeYaml } from "./targets/write-yaml.ts";

/** Anything but NUL, with a liking for what is special somewhere. */
const nasty = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(..."'\"\\$`;&|<>(){}[]*?~#!%^=\n\r\t ,:-".split("")),
      fc.string({ minLength: 1, maxLength: 1 }),
    ),
  })
  .filter((text) => !text.includes("\0") && text.isWellFormed());

describe("shellQuote", () => {
  for (const shell of [["dash"], ["busybox", "sh"], ["bash"]]) {
    test.skipIf(Bun.which(shell[0] ?? "") === null)(`makes one word that ${shell.join(" ")} leaves alone`, () => {
      const texts = fc.sample(nasty, 300);
      const script = texts.map((text) => `printf '%s\\0' ${shellQuote(text)}\n`).join("");
      const { stdout, exitCode } = Bun.spawnSync([...shell, "-c", script]);
      expect(exitCode).toBe(0);
      expect(stdout.toString().split("\0").slice(0, -1)).toEqual(texts);
    });
  }
});

test("tomlString is read back as it was", () => {
  fc.assert(
    fc.property(fc.array(nasty), (texts) => {
      const toml = `one = ${tomlString(texts[0] ?? "")}\nall = ${tomlStrings(texts)}\n`;
      expect(Bun.TOML.parse(toml)).toEqual({ one: texts[0] ?? "", all: texts });
    }),
  );
});

test("writeYaml is read back as it was, by readers of YAML 1.1 and 1.2", () => {
  const texts = fc.oneof(
    nasty,
    fc.constantFrom("yes", "no", "on", "null", "~", "1:30", "0x1f", "010", "1e3", "*", "="),
  );
  fc.assert(
    fc.property(fc.dictionary(texts, fc.oneof(texts, fc.array(texts)), { noNullPrototype: true }), (value) => {
      const yaml = writeYaml(value);
      expect(parse(yaml, { version: "1.1", merge: false })).toEqual(value);
      expect(parse(yaml, { version: "1.2" })).toEqual(value);
    }),
    { examples: [[{ yes: [" \n"] }], [{ a: "\n b" }], [{ "<<": "a", "=": ["=", "<<"] }]] },
  );
});

test("writeYaml writes file modes in octal", () => {
  expect(writeYaml({ mode: 0o644, size: 420 })).toBe("mode: 0644\nsize: 420\n");
});

test("systemdQuote escapes quotes, backslashes and specifiers", () => {
  expect(systemdQuote('A=a "b" \\ 50% $X')).toBe('"A=a \\"b\\" \\\\ 50%% $X"');
});
