import type * as v from "valibot";
import type { Frozen } from "../../admin/shape.ts";
import type { CommandOutput } from "../../lib/command/command-io.ts";

/** Writes the result of a verb as one JSON document. Its shape is the schema's, which the manual is made from. */
export function writeJson<Schema extends v.GenericSchema>(
  output: CommandOutput,
  _schema: Schema,
  result: Frozen<v.InferOutput<Schema>>,
): void {
  output.write(`${JSON.stringify(result, null, 2)}\n`);
}
