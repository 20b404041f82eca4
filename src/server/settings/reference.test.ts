/** docs/configuration.md has the table of settings as it is. `LARDER_UPDATE_GOLDEN=1` writes it anew. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { defaultWordsOf, ROWS, type SettingKey, variableOf } from "./settings-table.ts";
import type { Setting } from "./setting.ts";

const GUIDE = join(import.meta.dir, "..", "..", "..", "docs", "configuration.md");
const [BEGIN, END] = ["<!-- the table of settings: written by a test -->\n\n", "\n<!-- the end of the table -->"];

function line(key: SettingKey, setting: Setting): string {
  const { flag, shape, help, restart, isFileOnly } = setting;
  const words = defaultWordsOf(setting);
  const usual = words === null ? "" : ` (${setting.defaultWords === null ? `\`${words}\`` : words})`;
  const value = shape.isList ? `a list: ${shape.expected}` : shape.expected;
  const cells = [
    `\`${key}\``,
    flag === null ? "" : `\`${flag}\``,
    isFileOnly ? "" : `\`${variableOf(key)}\``,
    value,
    `${help}${usual}`,
    restart === null ? "yes" : `no: ${restart}`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

test("the guide's reference is the table of settings", async () => {
  const header = ["key", "flag", "variable", "value", "what it says (default)", "read again?"];
  const lines = [header, header.map(() => "---")].map((cells) => `| ${cells.join(" | ")} |`);
  const table = [...lines, ...ROWS.map(([key, setting]) => line(key, setting))].join("\n");
  const text = await Bun.file(GUIDE).text();
  const begin = text.indexOf(BEGIN) + BEGIN.length;
  const end = text.indexOf(END);
  expect(begin).toBeGreaterThan(BEGIN.length);
  if (process.env["LARDER_UPDATE_GOLDEN"] === "1") {
    await Bun.write(GUIDE, `${text.slice(0, begin)}${table}\n${text.slice(end)}`);
  } else expect(text.slice(begin, end)).toBe(`${table}\n`);
});
