import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CounterFamily } from "./counter.ts";
import { chooseFormat, formatExposition } from "./exposition.ts";
import { HistogramFamily } from "./histogram.ts";

const requests = () =>
  new CounterFamily({ name: "requests_total", help: "What was asked", labels: ["method", "code"] });

describe("metrics as text", () => {
  test("a counter has a line for each combination of its labels", () => {
    const family = requests();
    family.of("GET", "2xx").add();
    family.of("GET", "2xx").add(2);
    family.of("PUT", "5xx").add(0.5);
    expect(formatExposition([family], "text")).toBe(
      `# HELP requests_total What was asked
# TYPE requests_total counter
requests_total{method="GET",code="2xx"} 3
requests_total{method="PUT",code="5xx"} 0.5
`,
    );
  });

  test("a histogram counts in each bucket what is not above its bound", () => {
    const family = new HistogramFamily({ name: "took_seconds", help: "How long", labels: [] }, [0.1, 1, 10]);
    for (const value of [0.1, 0.5, 1, 9, 11]) family.of().observe(value);
    expect(formatExposition([family], "text")).toBe(
      `# HELP took_seconds How long
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} 1
took_seconds_bucket{le="1.0"} 3
took_seconds_bucket{le="10.0"} 4
took_seconds_bucket{le="+Inf"} 5
took_seconds_sum 21.6
took_seconds_count 5
`,
    );
  });

  test("OpenMetrics names a counter without its ending, and has an end", () => {
    const family = requests();
    family.of("GET", "2xx").add();
    expect(formatExposition([family], "openmetrics")).toBe(
      `# HELP requests What was asked
# TYPE requests counter
requests_total{method="GET",code="2xx"} 1
# EOF
`,
    );
  });

  test("what has no values is left out, and what has no labels is there from the start", () => {
    const silent = new CounterFamily({ name: "errors_total", help: "Errors", labels: ["kind"] });
    const plain = new CounterFamily({ name: "starts_total", help: "Starts", labels: [] });
    expect(formatExposition([silent, plain], "text")).toEndWith("counter\nstarts_total 0\n");
    expect(formatExposition([silent], "openmetrics")).toBe("# EOF\n");
  });

  test("no value of a label and no help can forge a line, and all come back as they were", () => {
    const texts = fc.array(fc.oneof(fc.string(), fc.constantFrom('"', "\\", "\n", "\\n", '"} 1\n')));
    fc.assert(
      fc.property(texts, fc.constantFrom("text", "openmetrics"), (parts, format) => {
        const value = parts.join("");
        const family = new CounterFamily({ name: "x_total", help: value, labels: ["a"] });
        family.of(value).add();
        const [help = "", , sample = "", end = ""] = formatExposition([family], format).split("\n");
        expect(unescaped(help.slice(help.indexOf(" ", "# HELP ".length) + 1))).toBe(value);
        const [, quoted = ""] = /^x_total\{a="((?:[^"\\]|\\.)*)"\} 1$/s.exec(sample) ?? [];
        expect(unescaped(quoted)).toBe(value);
        expect(end).toBe(format === "openmetrics" ? "# EOF" : "");
      }),
    );
  });

  test("half of a surrogate pair does not break the text", () => {
    const family = requests();
    family.of("\ud800", "2xx").add();
    expect(formatExposition([family], "text")).toContain('method="\ufffd"');
  });
});

describe("the format of an exposition", () => {
  test.each([
    [null, "text"],
    ["", "text"],
    ["*/*", "text"],
    ["text/html,application/xhtml+xml,*/*;q=0.8", "text"],
    ["application/openmetrics-text", "openmetrics"],
    ["text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text"],
    // Prometheus 2.42, and 3.
    [
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      "openmetrics",
    ],
    [
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      "openmetrics",
    ],
    ["application/openmetrics-text;version=2.0.0,text/plain;q=0.5", "text"],
    ["application/openmetrics-text;q=0,*/*", "text"],
    ["application/openmetrics-text;q=0.1,text/plain", "text"],
    ["application/openmetrics-text;q=nonsense", "text"],
  ])("%p asks for %s", (accept, format) => {
    expect(chooseFormat(accept)).toBe(format as "text");
  });

  test("no Accept header makes it throw", () => {
    fc.assert(fc.property(fc.string(), (accept) => void chooseFormat(accept)));
  });
});

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}
