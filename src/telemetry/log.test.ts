import { expect, test } from "bun:test";
import { LineLog } from "./log.ts";

test("a line has its time, level, message and fields, and nothing can forge another line", () => {
  const lines: string[] = [];
  const log = new LineLog(
    (line) => lines.push(line),
    "info",
    () => 0,
  );
  log.write("debug", "too fine");
  log.write("warning", "upstream is down", { namespace: "docker.io", tries: 3, error: 'no\nroute "x"' });
  expect(lines).toEqual([
    '1970-01-01T00:00:00.000Z warning upstream is down namespace=docker.io tries=3 error="no\\nroute \\"x\\""\n',
  ]);
});
