/**
 * One call of the kubelet's: PullImage, by gRPC over a Unix socket, as there is no crictl in Debian.
 *
 * Sources: Kubernetes' CRI, `api.proto` of version v1 (PullImageRequest, ImageSpec, AuthConfig, PullImageResponse); gRPC over
 * HTTP/2 (a message is a zero byte, four bytes of length, and the protobuf).
 */
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { createConnection } from "node:net";
import type { Digest } from "../../src/oci/digest.ts";
import { readDigest } from "./container-client.ts";

const PULL_TIMEOUT_MS = 60_000;
const PULL_IMAGE = {
  ":method": "POST",
  ":path": "/runtime.v1.ImageService/PullImage",
  "content-type": "application/grpc",
  te: "trailers",
};

/** What the kubelet sends of a pull secret. */
type PullSecret = { readonly username: string; readonly password: string };

/** Has the runtime behind `socketPath` pull an image. Returns the image's id. Throws with the runtime's message. */
export async function pullByCri(socketPath: string, image: string, secret: PullSecret | null = null): Promise<Digest> {
  const session = connect("http://localhost", { createConnection: () => createConnection(socketPath) });
  try {
    const response = await call(session, Buffer.concat([field(1, field(1, Buffer.from(image))), authOf(secret)]));
    // The one field of PullImageResponse: its tag, its length, the image's id.
    return readDigest(response.subarray(2).toString());
  } finally {
    session.destroy();
  }
}

function call(session: ClientHttp2Session, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(PULL_IMAGE);
    const chunks: Buffer[] = [];
    // The status comes in the trailers, or, when there is no message, in the headers.
    let headers: IncomingHttpHeaders = {};
    const collect = (more: IncomingHttpHeaders) => (headers = { ...headers, ...more });
    session.on("error", reject);
    stream.on("error", reject);
    stream.on("response", collect);
    stream.on("trailers", collect);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("close", () => {
      if (headers["grpc-status"] === "0") resolve(Buffer.concat(chunks).subarray(5));
      else reject(new Error(`CRI answered ${String(headers["grpc-status"])}: ${String(headers["grpc-message"])}`));
    });
    stream.setTimeout(PULL_TIMEOUT_MS, () => reject(new Error(`no answer from CRI within ${PULL_TIMEOUT_MS} ms`)));
    const frameHeader = Buffer.alloc(5);
    frameHeader.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([frameHeader, message]));
  });
}

/** AuthConfig, the second field of the request. */
function authOf(secret: PullSecret | null): Buffer {
  if (secret === null) return Buffer.alloc(0);
  const { username, password } = secret;
  return field(2, Buffer.concat([field(1, Buffer.from(username)), field(2, Buffer.from(password))]));
}

/** A field of a protobuf message, of a type that has a length. */
function field(number: number, content: Buffer): Buffer {
  if (content.length > 127) throw new Error("the content is too long: its length must fit in one byte");
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
}
