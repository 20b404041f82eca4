/** A client that reads an answer at its own pace. */
export class PacedReader {
  readonly response: Response;
  readonly #body: AsyncIterator<Uint8Array>;
  readonly #controller: AbortController;
  readonly #chunks: Uint8Array[] = [];
  #received = 0;

  private constructor(response: Response, controller: AbortController) {
    if (response.body === null) throw new Error(`an answer of status ${response.status} without a body`);
    this.response = response;
    this.#body = response.body[Symbol.asyncIterator]();
    this.#controller = controller;
  }

  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<PacedReader> {
    const controller = new AbortController();
    return new PacedReader(await fetch(url, { headers, decompress: false, signal: controller.signal }), controller);
  }

  get receivedBytes(): number {
    return this.#received;
  }

  /** Reads until it has so many bytes in all, or there are no more. Returns all of them. */
  async readTo(bytes: number): Promise<Uint8Array> {
    while (this.#received < bytes) {
      const { value, done } = await this.#body.next();
      if (done === true) break;
      this.#chunks.push(value);
      this.#received += value.byteLength;
    }
    return Buffer.concat(this.#chunks);
  }

  /** Reads to the end. Throws when the answer breaks off. */
  rest(): Promise<Uint8Array> {
    return this.readTo(Number.POSITIVE_INFINITY);
  }

  /** Breaks the connection off. */
  leave(): void {
    this.#controller.abort();
  }
}
