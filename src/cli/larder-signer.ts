import { CommandFailure } from "../lib/command/command-io.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import type { AciSigner } from "./aci-signer.ts";
import type { LarderPages } from "./registry-connection.ts";

/** Answers are keys and signatures, or a line that says why not. */
const MOST_BYTES = 256 * 1024;

/** Signs with the key of a larder, which never leaves it: files are sent there. */
export function larderSigner({ host, send }: LarderPages): AciSigner {
  const ask = async (path: string, init: RequestInit): Promise<string> => {
    const response = await send(path, init).catch((cause: unknown) => {
      throw new CommandFailure(1, `larder at ${host} does not answer: ${describeFailure(cause)}`, { cause });
    });
    const text = (await response.text()).slice(0, MOST_BYTES);
    if (response.ok) return text;
    const why = text.trim().replace(/^larder: /, "") || `status ${response.status}`;
    throw new CommandFailure(1, describeRefusal(response.status, host, why));
  };
  return {
    publicKey: () => ask("/aci/pubkeys.gpg", {}),
    sign: async (file) => {
      const content = Bun.file(file);
      // Bun would send nothing of a file that is not there.
      if (!(await content.exists())) throw new CommandFailure(1, `${file}: there is no such file`);
      return ask("/aci/sign", {
        method: "POST",
        body: content,
        headers: { "Content-Type": "application/octet-stream" },
      });
    },
  };
}

function describeRefusal(status: number, host: string, why: string): string {
  if (status === 401 || status === 403) {
    return `larder at ${host} does not sign for you (${why}); run this on its machine, or with the key: --key FILE`;
  }
  if (status === 404 || status === 405) {
    return `larder at ${host} is an older one, which signs for nobody; run this on its machine with --data DIR, its data folder`;
  }
  return `larder at ${host} cannot sign: ${why}`;
}
