import {
  endedSession,
  session,
  sessionId,
  sessionPage,
  sessionQuery,
  signedOut,
  signInRequest,
} from "./session-schemas.ts";
import { operation } from "./operation.ts";

/** Operations of the admin API: who asks, and signing in to the page. */
export const SESSION_OPERATIONS = {
  getSession: operation("GET", "/session", {
    action: null,
    summary: "Tell who asks, and what they may",
    description: "Credentials that are nobody's are no error here: `problem` tells of them.",
    answer: session,
  }),
  signIn: operation("POST", "/session", {
    action: null,
    summary: "Sign in to the page, with a name and a password, or with a token",
    description:
      "The answer gives a cookie, which counts for this API alone, from a browser that says for which page it asks. Programs send what they have with each request.",
    body: signInRequest,
    answer: session,
  }),
  signOut: operation("DELETE", "/session", {
    action: null,
    summary: "Sign out of the page",
    description: "The session is over, and the answer takes the cookie away.",
    answer: signedOut,
  }),
  listSessions: operation("GET", "/sessions", {
    action: null,
    summary: "List who is signed in to the page",
    query: sessionQuery,
    answer: sessionPage,
  }),
  endSession: operation("DELETE", "/sessions/{session}", {
    action: null,
    summary: "End a session with the page",
    description: "One's own; that of another takes the action `administer`.",
    parameters: { session: sessionId },
    answer: endedSession,
  }),
} as const;
