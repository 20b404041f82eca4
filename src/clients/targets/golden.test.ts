/**
 * What each target's files look like, in golden/TARGET.txt, one after the other for all modes that it can do.
 * To write them anew after a change that was meant: LARDER_UPDATE_GOLDEN=1 bun test src/clients/targets/golden.test.ts
 */
import { expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderText } from "../deliver/render-files.ts";
import { type ClientTarget, clientTargets } from "./targets.ts";
import { secureSpoofing, testSettings } from "../settings.fixture.ts";

function picture(target: ClientTarget): string {
  const sections = [
    ...target.modes.filter((mode) => mode !== "spoof").map((mode) => [mode, testSettings(mode)] as const),
    ...(target.modes.includes("spoof") && target.name !== "trust" ? [["spoof", testSettings("spoof")] as const] : []),
    ...(target.modes.includes("spoof") ? [["spoof over https", secureSpoofing()] as const] : []),
  ];
  return sections.map(([name, settings]) => `######## ${name}\n${renderText(target, settings)}`).join("\n");
}

for (const target of clientTargets()) {
  test(`${target.name} is written as golden/${target.name}.txt has it`, async () => {
    const path = join(import.meta.dir, "golden", `${target.name}.txt`);
    if (process.env["LARDER_UPDATE_GOLDEN"] === "1") await writeFile(path, picture(target));
    expect(picture(target)).toBe(await readFile(path, "utf8"));
  });
}
