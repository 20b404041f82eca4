import { RegistryError } from "../oci/registry-error.ts";

/** Why somebody is asked to prove who they are, as RFC 6750 (section 3.1) calls it; null when nothing was shown. */
export type ChallengeError = "invalid_token" | "insufficient_scope" | null;

/** Nobody in particular wants what only somebody may, or what was shown proves nothing. It is answered with a challenge. */
export class Unauthorized extends RegistryError {
  readonly challengeError: ChallengeError;

  constructor(message: string, challengeError: ChallengeError = null) {
    super("UNAUTHORIZED", message);
    this.challengeError = challengeError;
  }
}
