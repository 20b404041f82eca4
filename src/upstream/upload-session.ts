import { resolveOwnLocation } from "./transport/redirects.ts";
import { describeRequest, type HttpResponse } from "./transport/transport.ts";
import { UpstreamError } from "./transport/upstream-error.ts";

/** Where an upload's session is from now on, as an answer says. Throws a `protocol` failure when it does not. */
export function sessionOf(response: HttpResponse): URL {
  const location = response.headers.get("location");
  if (location === null) {
    throw new UpstreamError(
      { kind: "protocol" },
      `${describeRequest("POST", response.url)} opened an upload and did not say where (no Location)`,
    );
  }
  return resolveOwnLocation(location, response.url);
}

/** `Range: 0-N` means N + 1 bytes, but `0-0` stands for none as well as for one: null, then, as when there is no range. */
export function receivedBytes({ headers }: HttpResponse): number | null {
  const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(headers.get("range") ?? "")?.[1];
  return last === undefined || last === "0" ? null : Number(last) + 1;
}
