import type { Socket } from "node:net";

/** Writes in pieces, as fast as the reader takes them unless `between` lets the next one wait. */
export async function writeInPieces(
  socket: Socket,
  bytes: Uint8Array,
  pieceBytes: number,
  between: (() => Promise<void>) | null,
): Promise<void> {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    if (at > 0) await between?.();
    await write(socket, bytes.subarray(at, at + pieceBytes));
  }
}

/** Resolves when the system has taken the bytes. Throws when the connection is gone. */
export function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) return reject(new Error("the client has left"));
    socket.once("close", reject);
    socket.write(bytes, (error) => {
      socket.off("close", reject);
      if (error) reject(error);
      else resolve();
    });
  });
}
