import type { Findings } from "../found/found-image.ts";
import type { LocatedMap } from "../found/located-value.ts";

/** The file that a document stands in. */
export type DocumentFile = {
  readonly path: string;
  /** The path's last part. */
  readonly name: string;
  /** The user named it, so that it is looked at although its name says nothing. */
  readonly askedFor: boolean;
};

/** A document that another tool reads, in YAML or JSON: which fields of it name images, and what it needs besides. */
export interface DocumentFormat {
  /** The tool, as its users call it. */
  readonly tool: string;
  /** Matches what every text of this format holds. Cheap, so that most files need no parser. */
  readonly mark: RegExp;
  /** Is this document such a one? It is asked with every document in a file that bears the mark, manifests of Kubernetes included. */
  recognizes(document: LocatedMap, file: DocumentFile): boolean;
  /** Adds what the document names: images, what is elsewhere, what cannot be told. */
  read(document: LocatedMap, file: DocumentFile, findings: Findings, signal: AbortSignal): void | Promise<void>;
}
