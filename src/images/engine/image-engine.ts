/** What keeps images of this machine's own, and gives and takes them as archives. */
export interface ImageEngine {
  /** An archive, Docker's or OCI's, of the image called `name`, or null when there is none. */
  saveImage(name: string): Promise<ReadableStream<Uint8Array> | null>;
  /** Takes the images of a Docker archive. They appear only when it is whole. */
  loadImages(archive: ReadableStream<Uint8Array>): Promise<void>;
}
