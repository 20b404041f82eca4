import type { DocumentFormat } from "../files/document-format.ts";
import { compose } from "../compose/compose-format.ts";
import { hauler } from "./hauler.ts";

/** The documents of other tools that are understood. The first that recognizes a document reads it, before the reader of Kubernetes' manifests is asked. */
export const DOCUMENT_FORMATS: readonly DocumentFormat[] = [hauler, compose];
