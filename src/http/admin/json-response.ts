/** A JSON answer. */
export function jsonResponse(answer: object): Response {
  return new Response(JSON.stringify(answer), { headers: { "Content-Type": "application/json" } });
}
