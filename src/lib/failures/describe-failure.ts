import { codeOf } from "../files/system-error.ts";

/**
 * What failed, in words for people: `there is no such file or folder`. To stand behind what was attempted and a colon,
 * without a full stop.
 *
 * Failures of the system, the network, TLS and parsers get sentences of larder's own, whatever the runtime says of them:
 * its words are for programmers, change with its version, and may quote a URL with its secrets. An error that says nothing
 * but its own message (larder's all do) is told by that.
 */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = codeOf(error);
  const words = WORDS.get(code);
  if (words !== undefined) return words;
  if (isCertificateCode(code)) return OTHER_CERTIFICATE;
  if (/^(?:ERR_SSL|ERR_TLS)/.test(code)) return NO_TLS;
  if (code.startsWith("Z_")) return DAMAGED;
  if (error.name === "TimeoutError") return NO_ANSWER;
  if (error.name === "AbortError") return "it was interrupted";
  if (error instanceof SyntaxError && error.message.includes("JSON")) return "it is not valid JSON";
  if (/^(?:E[A-Z0-9]+|ERR_\w+)$/.test(code))
    return `the system reports an error that larder has no words for (${code})`;
  return error.message;
}

/**
 * The sentence for a failure of the operating system, with the file that it speaks of in front; null when it is none of
 * those, or says nothing of a file.
 */
export function describeFileFailure(error: unknown): string | null {
  if (!(error instanceof Error) || !("path" in error) || typeof error.path !== "string") return null;
  return `${error.path}: ${describeFailure(error)}`;
}

/** Is this the code of a certificate that was not accepted? The codes are OpenSSL's, as Node spells them. */
export function isCertificateCode(code: string): boolean {
  return /CERT|^(?:UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|INVALID_PURPOSE|CRL_)/.test(
    code,
  );
}

const NO_TLS = "no TLS is spoken there, or none that this machine accepts: http:// may be meant";
const UNKNOWN_AUTHORITY = "its certificate is signed by an authority that this machine does not trust";
const OTHER_CERTIFICATE = "its certificate is not accepted";
const DAMAGED = "the compressed data is damaged, or cut short";
const NO_ANSWER = "no answer came in time";
const NO_ADDRESS = "no address is known for that name: is it spelt right, and does this machine's DNS know it?";
const BROKE_OFF = "the connection was closed before the answer was whole";

const WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    // Files and the system: errno(3).
    ENOENT: "there is no such file or folder",
    ENOTDIR: "something on the way to it is a file, not a folder",
    EISDIR: "it is a folder, not a file",
    EACCES: "this user has no permission; run it as one who has, or change the permissions",
    EPERM: "this user may not do that; run it as one who may",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
    EDQUOT: "the disk space that this user may use is used up",
    EFBIG: "the file would become larger than the system allows",
    EEXIST: "it is there already",
    ENOTEMPTY: "the folder is not empty",
    ELOOP: "its symbolic links lead in a circle",
    ENAMETOOLONG: "the name is too long",
    EMFILE: "too many files are open in this process; raise its limit (ulimit -n)",
    ENFILE: "too many files are open on this machine",
    ENOMEM: "there is not enough memory",
    EIO: "the disk reports a read or write error; look at the kernel's log (dmesg)",
    EBUSY: "it is in use",
    ETXTBSY: "the program is running",
    EXDEV: "it would move to another file system",
    ENODEV: "there is no such device",
    ENXIO: "there is no such device, or nobody at its other end",
    ESTALE: "the network file system no longer knows the file",
    EPIPE: "the reader at the other end has left",
    EINVAL: "the system does not accept it",
    ENOEXEC: "it is no program for this machine",
    // The network.
    ECONNREFUSED: "nobody listens there; is it running?",
    FailedToOpenSocket: "no connection could be made",
    ConnectionRefused: "nobody listens there; is it running?",
    ECONNRESET: BROKE_OFF,
    ConnectionClosed: BROKE_OFF,
    ECONNABORTED: BROKE_OFF,
    ETIMEDOUT: NO_ANSWER,
    ETIMEOUT: NO_ANSWER,
    EHOSTUNREACH: "this machine finds no way to that address",
    ENETUNREACH: "this machine has no network that leads there",
    EHOSTDOWN: "the machine at that address does not answer",
    ENETDOWN: "this machine's network is down",
    EADDRINUSE: "another program listens there already",
    EADDRNOTAVAIL: "this machine does not have that address",
    ENOTFOUND: NO_ADDRESS,
    ENODATA: NO_ADDRESS,
    EAI_AGAIN: "this machine's DNS does not answer",
    ESERVFAIL: "this machine's DNS could not find out",
    EREFUSED: "the DNS server refused to answer",
    Malformed_HTTP_Response: "what answers there does not speak HTTP",
    UnsupportedHTTPVersion: "what answers there does not speak an HTTP that larder knows",
    TooManyRedirects: "it leads from one address to the next without end",
    UnexpectedRedirect: "it leads to another address",
    ZlibError: DAMAGED,
    ERR_INVALID_URL: "that is no address",
    // TLS: the codes of OpenSSL, as Node spells them.
    EPROTO: NO_TLS,
    CERT_HAS_EXPIRED: "its certificate has expired, or one of those above it has; the clocks may differ, too",
    CERT_NOT_YET_VALID: "its certificate is not valid yet; is this machine's clock right?",
    CERT_REVOKED: "its certificate is revoked",
    CERT_UNTRUSTED: UNKNOWN_AUTHORITY,
    ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for other names, not for the one that was asked",
    HOSTNAME_MISMATCH: "its certificate is for other names, not for the one that was asked",
    DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
    SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
    UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  }),
);
