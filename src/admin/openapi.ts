import { toJsonSchema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { platformSelection } from "./basic-schemas.ts";
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
  tagKind,
  verifyProgress,
} from "./image-schemas.ts";
import { LINES_TYPE, type Operation } from "./operation.ts";
import { problem, PROBLEM_TYPE } from "./problem.ts";
import {
  collection,
  collectRequest,
  health,
  namespaceCounts,
  namespaceStats,
  offlineState,
  stats,
  versionAnswer,
} from "./server-schemas.ts";

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
  NamespaceCounts: namespaceCounts,
  NamespaceStats: namespaceStats,
  PlatformSelection: platformSelection,
  Problem: problem,
  Removal: removal,
  Stats: stats,
  TagKind: tagKind,
  VerifyProgress: verifyProgress,
  Version: versionAnswer,
};

const NAMES = new Map<v.GenericSchema, string>(Object.entries(COMPONENTS).map(([name, schema]) => [schema, name]));

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

const FORMS: Readonly<Record<Operation["form"], { readonly type: string; readonly what: string }>> = {
  document: { type: "application/json", what: "Done" },
  lines: { type: LINES_TYPE, what: "It is on its way: such a value a line, until the last one" },
  bytes: { type: "application/octet-stream", what: "The bytes" },
  events: { type: "text/event-stream", what: "Server-sent events: the data of each is such a value" },
};

function describeOperation(operationId: string, operation: Operation): Json {
  const { summary, description, action, answer, form } = operation;
  const { type, what } = FORMS[form];
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
    ...describeBody(operation),
    responses: {
      200: { description: what, content: { [type]: { schema: convert(answer) } } },
      ...Object.fromEntries(failuresOf(operation).map(([status, why]) => [status, describeFailure(why)])),
    },
  };
}

function describeBody({ body, upload }: Operation): Json {
  if (body !== null)
    return { requestBody: { required: true, content: { "application/json": { schema: convert(body) } } } };
  // As OpenAPI 3.1 tells of bytes: a media type without a schema.
  return upload === null ? {} : { requestBody: { required: true, content: { [upload]: {} } } };
}

/** Statuses of failures, and what they mean here. */
function failuresOf({ action, body, upload, form, isWork, parameters, query }: Operation): [string, string][] {
  const takes = body !== null || upload !== null || Object.keys(parameters).length + Object.keys(query).length > 0;
  const failures: [string, string, boolean][] = [
    ["400", "What was asked is not of this shape", takes],
    ["401", "Nobody is known by what the request shows, or somebody has to be", action !== null],
    ["403", changes(action) ? "This client may not do that" : "A page of another site may not ask", true],
    ["404", "There is no such thing", ["image", "backup", "job"].some((name) => name in parameters)],
    ["413", "The body is too large", body !== null || upload !== null],
    ["429", "Too many wrong passwords came from here: ask again in a moment", action !== null],
    ["500", "larder failed; its log says why", true],
    ["502", "Upstream could not be asked", form === "lines"],
    [
      "503",
      "larder has too much to do just now, or cannot use its store: ask again in a moment",
      isWork || upload !== null || changes(action) || form === "events",
    ],
    ["507", "The disk is full", upload !== null || changes(action)],
    // Programs made from this take what has no type of theirs for a failure, if any status may be one.
    ["default", "Any other failure", form !== "lines" && form !== "events"],
  ];
  return failures.filter(([, , isPossible]) => isPossible).map(([status, why]) => [status, why]);
}

function changes(action: Operation["action"]): boolean {
  return action === "delete" || action === "administer";
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

/** What has a name is told by it, what has none as it is: a conversion that knows of all names converts them all each time. */
function convert(schema: v.GenericSchema): Json {
  const name = NAMES.get("wrapped" in schema ? (schema.wrapped as v.GenericSchema) : schema);
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  // The document says which dialect it is of.
  return { ...toJsonSchema(schema, SETTINGS), $schema: undefined };
}
