import type { Findings } from "../found/found-image.ts";
import type { DocumentFile } from "./document-format.ts";

/** A file of another tool's that is neither YAML nor JSON as they are: which of its words name images. */
export interface TextFormat {
  /** The tool, as its users call it. */
  readonly tool: string;
  /** Is this what such a file is called? In folders the name decides. */
  isNamedSo(name: string): boolean;
  /** Is this such a text? Asked for files by their names, and for those that the user names, whatever they are called. */
  recognizes(text: string, file: DocumentFile): boolean;
  /** Adds what the text names: images, what is built, what is elsewhere, what cannot be told. */
  read(text: string, file: DocumentFile, findings: Findings, signal: AbortSignal): void | Promise<void>;
}
