import { toJsonSchema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { ADMIN_PATH, CONTRACT } from "./contract.ts";
import {
  adoptRequest,
  adoption,
  checkAnswer,
  checkedImage,
  checkRequest,
  fetchProgress,
  fetchRequest,
  imagePage,
  inspectedImage,
  listedImage,
  removal,
  verifyProgress,
} from "./image-schemas.ts";
import { LINES_TYPE, type Operation } from "./operation.ts";
import { problem, PROBLEM_TYPE } from "./problem.ts";
import { collection, collectRequest, health, offlineState, stats, versionAnswer } from "./server-schemas.ts";

/** What has a name in the document, and in the programs that are made from it. */
const COMPONENTS = {
  AdoptRequest: adoptRequest,
  Adoption: adoption,
  CheckAnswer: checkAnswer,
  CheckRequest: checkRequest,
  CheckedImage: checkedImage,
  CollectRequest: collectRequest,
  Collection: collection,
  FetchProgress: fetchProgress,
  FetchRequest: fetchRequest,
  Health: health,
  ImagePage: imagePage,
  InspectedImage: inspectedImage,
  ListedImage: listedImage,
  OfflineState: offlineState,
  Problem: problem,
  Removal: removal,
  Stats: stats,
  VerifyProgress: verifyProgress,
  Version: versionAnswer,
};

const SETTINGS = {
  target: "draft-2020-12",
  // Of a list that is counted before it is looked at, the shape is that of the look.
  typeMode: "output",
  overrideRef: ({ referenceId }: { referenceId: string }) => `#/components/schemas/${referenceId}`,
} as const;

type Json = { readonly [key: string]: unknown };

/** The contract as an OpenAPI 3.1 document, for a larder of this version. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [id, operation] of Object.entries(CONTRACT)) {
    const path = `${ADMIN_PATH}${operation.path}`;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describeOperation(id, operation) };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "larder",
      summary: "The admin API of larder, a container registry and pull-through cache",
      description:
        "What the registry API has no words for. Times are milliseconds since 1970, sizes are bytes. Bodies are JSON, with that Content-Type. Answers may have more fields than these in later versions.",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [],
    paths,
    components: { schemas: toJsonSchemaDefs(COMPONENTS, SETTINGS) },
  };
}

function describeOperation(operationId: string, operation: Operation): Json {
  const { summary, description, action, body, answer, form } = operation;
  const type = form === "lines" ? LINES_TYPE : "application/json";
  const what = form === "lines" ? "It is on its way: such a value a line, until the last one" : "Done";
  const parameters = [
    ...Object.entries(operation.parameters).map(([name, schema]) => describeParameter("path", name, schema)),
    ...Object.entries(operation.query).map(([name, schema]) => describeParameter("query", name, schema)),
  ];
  return {
    operationId,
    summary,
    ...(description === "" ? {} : { description }),
    ...(action === null ? {} : { "x-larder-action": action }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: convert(body) } } } }),
    responses: {
      200: { description: what, content: { [type]: { schema: convert(answer) } } },
      ...Object.fromEntries(failuresOf(operation).map(([status, why]) => [status, describeFailure(why)])),
      default: describeFailure("Any other failure"),
    },
  };
}

/** Statuses that say something of just this operation. */
function failuresOf({ action, body, isWork, parameters, query }: Operation): readonly (readonly [number, string])[] {
  const takes = body !== null || Object.keys(parameters).length + Object.keys(query).length > 0;
  return [
    ...(takes ? [[400, "What was asked is not of this shape"] as const] : []),
    [403, action === "pull" || action === null ? "A page of another site may not ask" : "This client may not do that"],
    ...("image" in parameters ? [[404, "There is no such image"] as const] : []),
    ...(body === null ? [] : [[413, "The body is too large"] as const]),
    ...(isWork ? [[503, "larder looks for many others just now: ask again in a moment"] as const] : []),
  ];
}

function describeFailure(description: string): Json {
  return { description, content: { [PROBLEM_TYPE]: { schema: { $ref: "#/components/schemas/Problem" } } } };
}

function describeParameter(place: "path" | "query", name: string, schema: Operation["query"][string]): Json {
  const { description, ...shape } = convert(schema);
  return {
    name,
    in: place,
    ...(place === "path" ? { required: true } : {}),
    ...(description === undefined ? {} : { description }),
    schema: shape,
  };
}

function convert(schema: v.GenericSchema): Json {
  const converted = toJsonSchema(schema, { ...SETTINGS, definitions: COMPONENTS });
  // The document says which dialect it is of, and has the definitions in another place.
  return { ...converted, $schema: undefined, $defs: undefined };
}
