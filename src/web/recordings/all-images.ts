import type { ListedImageOfRecording } from "../../admin/recording-schemas.ts";
import { call } from "../api/call.ts";

/** All that is in a recording, page by page. Throws `ApiProblem`, or an AbortError when `signal` fires. */
export async function allImages(name: string, signal: AbortSignal): Promise<readonly ListedImageOfRecording[]> {
  const images: ListedImageOfRecording[] = [];
  for (let after: string | undefined; ; ) {
    const page = await call("getRecording", { name, limit: 1000, ...(after !== undefined && { after }) }, signal);
    images.push(...page.images);
    if (page.next === null) return images;
    after = page.next;
  }
}
