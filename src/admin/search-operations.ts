import {
  foundImages,
  foundNamespaces,
  foundRepositories,
  imageSearchQuery,
  namespaceQuery,
  repositorySearchQuery,
} from "./search-schemas.ts";
import { operation } from "./operation.ts";

/** Operations of the admin API: looking for images by words. */
export const SEARCH_OPERATIONS = {
  searchImages: operation("GET", "/search/images", {
    action: "pull",
    isWork: true,
    summary: "Find images by words, from any place on, and tell how many there are",
    description:
      "For who looks at a list and types: a covered cached tag, and those of signatures, are left out. What comes or goes meanwhile moves what stands behind it; `listImages` goes through all without that.",
    query: imageSearchQuery,
    answer: foundImages,
  }),
  searchRepositories: operation("GET", "/search/repositories", {
    action: "pull",
    isWork: true,
    summary: "Find repositories by words that their images hold, from any place on",
    description: "As `searchImages`, a line a repository.",
    query: repositorySearchQuery,
    answer: foundRepositories,
  }),
  listNamespaces: operation("GET", "/namespaces", {
    action: "pull",
    isWork: true,
    summary: "List the registries that images here are from, with how many there are of each",
    description: "With filters as in `searchImages`: of what they mean alone.",
    query: namespaceQuery,
    answer: foundNamespaces,
  }),
} as const;
