/** Takes traces as a collector does, and refuses what is not OTLP in JSON, to the letter. */
import { gunzipSync } from "node:zlib";
import * as v from "valibot";

const hex = (digits: number) => v.pipe(v.string(), v.regex(new RegExp(`^(?!0+$)[0-9a-f]{${digits}}$`)));
const nanoseconds = v.pipe(v.string(), v.regex(/^\d{19}$/));
const value = v.union([
  v.strictObject({ stringValue: v.string() }),
  v.strictObject({ intValue: v.pipe(v.string(), v.regex(/^-?\d+$/)) }),
  v.strictObject({ doubleValue: v.number() }),
  v.strictObject({ boolValue: v.boolean() }),
]);
const attributes = v.array(v.strictObject({ key: v.pipe(v.string(), v.minLength(1)), value }));
const span = v.strictObject({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: v.optional(hex(16)),
  traceState: v.optional(v.string()),
  flags: v.pipe(v.number(), v.integer()),
  name: v.pipe(v.string(), v.minLength(1)),
  kind: v.picklist([1, 2, 3]),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes,
  events: v.optional(v.array(v.strictObject({ name: v.string(), timeUnixNano: nanoseconds, attributes }))),
  status: v.optional(v.strictObject({ code: v.literal(2), message: v.string() })),
});
const request = v.strictObject({
  resourceSpans: v.array(
    v.strictObject({
      resource: v.strictObject({ attributes }),
      scopeSpans: v.array(
        v.strictObject({ scope: v.strictObject({ name: v.string(), version: v.string() }), spans: v.array(span) }),
      ),
    }),
  ),
});

/** A span that was taken, its attributes by name. */
export type TakenSpan = Omit<v.InferOutput<typeof span>, "attributes"> & {
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
};

/** A receiver on a free port of loopback, with what it took and why it refused. */
export function startOtlpReceiver() {
  const spans: TakenSpan[] = [];
  const texts: string[] = [];
  const problems: string[] = [];
  const headers: Headers[] = [];
  let answer: (() => Response) | null = null;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (asked) => {
      headers.push(asked.headers);
      const bytes = await asked.bytes();
      if (answer !== null) return answer();
      const text = gunzipSync(bytes).toString();
      texts.push(text);
      const parsed = v.safeParse(request, JSON.parse(text));
      if (!parsed.success) {
        problems.push(JSON.stringify(v.flatten(parsed.issues).nested));
        return new Response(null, { status: 400 });
      }
      for (const { scopeSpans } of parsed.output.resourceSpans) {
        for (const one of scopeSpans.flatMap((scope) => scope.spans))
          spans.push({ ...one, attributes: plain(one.attributes) });
      }
      return Response.json({});
    },
  });
  return {
    endpoint: `http://127.0.0.1:${server.port}`,
    spans,
    texts,
    problems,
    headers,
    /** What it answers instead; null: it takes traces. */
    answerWith: (other: (() => Response) | null) => (answer = other),
    stop: () => server.stop(true),
  };
}

function plain(said: v.InferOutput<typeof attributes>): Record<string, string | number | boolean> {
  return Object.fromEntries(
    said.map(({ key, value: one }) => [
      key,
      "intValue" in one ? Number(one.intValue) : (Object.values(one)[0] as string | number | boolean),
    ]),
  );
}
