import { authorityAnswer, programList, targetFiles, targetList, targetName, targetQuery } from "./client-schemas.ts";
import { operation } from "./operation.ts";

/** Operations of the admin API: how nodes come to pull from here. */
export const CLIENT_OPERATIONS = {
  listTargets: operation("GET", "/clients", {
    action: null,
    summary: "List the runtimes and tools that can be made to pull from here, and by which ways",
    description: "Everything is written for the address that the question came to, as below `/client/`.",
    answer: targetList,
  }),
  getTargetFiles: operation("GET", "/clients/{target}", {
    action: null,
    summary: "Give the files that make a runtime pull from here, and the lines that bring and undo them",
    parameters: { target: targetName },
    query: targetQuery,
    answer: targetFiles,
  }),
  getAuthority: operation("GET", "/authority", {
    action: null,
    summary: "Tell larder's certificate authority, and the fingerprint to know it by",
    answer: authorityAnswer,
  }),
  listPrograms: operation("GET", "/programs", {
    action: null,
    isWork: true,
    summary: "List larder's own programs that machines can fetch here, with their hashes",
    answer: programList,
  }),
} as const;
