/** The text at the start of a body; what follows `limit` characters is left unread. Rejects as the body does. */
export async function readStart(body: AsyncIterable<Uint8Array> | null, limit: number): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > limit) break;
  }
  return text;
}
