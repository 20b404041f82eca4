import { expect, test } from "bun:test";
import { join } from "node:path";

const MODULE = join(import.meta.dir, "process-output.ts");

/** Runs code with both outputs of a process, which lead to one pipe; returns what came out of that. */
async function printedBy(code: string): Promise<string> {
  const program = `
    import { ProcessOutput } from ${JSON.stringify(MODULE)};
    const [stdout, stderr] = [new ProcessOutput(1), new ProcessOutput(2)];
    stdout.keepOrderWith(stderr);
    ${code}
    await stdout.end();
    await stderr.endSoon();
    process.exit();
  `;
  const child = Bun.spawn(["sh", "-c", 'exec "$@" 2>&1', "sh", process.execPath, "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return child.stdout.text();
}

test("what is said on two streams comes in the order in which it was said", async () => {
  const said =
    'stderr.write("1 fetched\\n"); stdout.write("2 table\\n"); stderr.write("3 failed\\n"); stdout.write("4\\n");';
  expect(await printedBy(said)).toBe("1 fetched\n2 table\n3 failed\n4\n");
});

test("what is too much to go out at once is not lost, nor is what comes after", async () => {
  const printed = await printedBy('stderr.write("a".repeat(300_000)); stdout.write("b\\n"); stderr.write("c\\n");');
  expect(printed.length).toBe(300_004);
  expect(printed.replaceAll("a", "").split("").sort().join("")).toBe("\n\nbc");
});
