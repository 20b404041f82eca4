/** The guide's table is that of the keys. `LARDER_UPDATE_GOLDEN=1` writes it. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { SETTINGS } from "../settings/settings-table.ts";
import type { DistributionKey } from "./key.ts";
import { DISTRIBUTION_KEYS } from "./key-tree.ts";

const GUIDE = join(import.meta.dir, "..", "..", "..", "docs", "from-registry-2.md");
const [BEGIN, END] = ["<!-- keys -->\n", "<!-- /keys -->"];

const WORDS = { honoured: "honoured", itself: "by itself", refused: "**refused**" } as const;

function rowOf({ key, only, verdict }: DistributionKey): string {
  const name = `\`${key}\`${only === null ? "" : ` (:${only})`}`;
  return `| ${name} | ${WORDS[verdict.kind]} | ${verdict.words.replaceAll("|", "\\|")} |`;
}

test("the guide tells what becomes of every key", async () => {
  const table = ["| key | here | how, or why not |", "|---|---|---|", ...DISTRIBUTION_KEYS.map(rowOf), ""].join("\n");
  const text = await Bun.file(GUIDE).text();
  const [before = "", rest = ""] = text.split(BEGIN);
  const [shown, after = ""] = rest.split(END);
  if (process.env["LARDER_UPDATE_GOLDEN"] === "1") await Bun.write(GUIDE, before + BEGIN + table + END + after);
  else expect(shown).toBe(table);
});

test("the settings that it names are settings", () => {
  for (const { key, verdict } of DISTRIBUTION_KEYS) {
    if (verdict.kind !== "honoured") continue;
    for (const [, named = ""] of verdict.words.matchAll(/`([a-z][\w.]*)(?:: \w+)?`/gi)) {
      const isSetting = named in SETTINGS || named === "upstreams" || named === "enabled";
      const isValue = ["all", "none", "list", "tls1.0", "tls1.1"].includes(named);
      expect([key, named, isSetting || isValue]).toEqual([key, named, true]);
    }
  }
});
