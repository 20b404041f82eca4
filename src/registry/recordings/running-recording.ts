import { tryParseIpAddress } from "../../lib/net/ip-address.ts";
import { type IpNetwork, isInside, tryParseIpNetwork } from "../../lib/net/ip-network.ts";
import { type Recording, RECORDING_ROWS_LIMIT } from "../../storage/recordings.ts";
import type { SeenPull } from "./seen-pull.ts";
import { SeenPulls } from "./seen-pulls.ts";

/** A little more than a recording takes: so that it hears of one too many, and tells that it is full. */
const SEEN_LIMIT = RECORDING_ROWS_LIMIT + 1000;
/** Addresses of which is remembered whether they are meant. */
const CLIENTS = 4096;

/** A recording that runs: what it has seen, and what of that has not been written down yet. */
export class RunningRecording {
  readonly id: number;
  readonly name: string;
  readonly seen = new SeenPulls();
  /** Those that are not written down. */
  waiting: SeenPull[] = [];
  /** Those whose platform is not known yet, since their config is on its way. */
  open: SeenPull[] = [];
  /** While it is being ended it takes nothing. */
  isEnding = false;
  readonly #networks: readonly IpNetwork[];
  readonly #isMeant = new Map<string, boolean>();

  constructor({ id, name, networks }: Recording) {
    this.id = id;
    this.name = name;
    this.#networks = networks.flatMap((text) => tryParseIpNetwork(text) ?? []);
  }

  /** Takes a pull if it is one that is meant and was not seen yet. */
  take(pull: SeenPull): boolean {
    const { repository, tag, manifest, from } = pull;
    if (this.isEnding || this.seen.count >= SEEN_LIMIT || this.seen.has(repository, tag, manifest.digest)) return false;
    if (!this.#means(from)) return false;
    this.seen.add(repository, tag, manifest.digest);
    this.waiting.push(pull);
    return true;
  }

  #means(client: string | null): boolean {
    if (this.#networks.length === 0) return true;
    if (client === null) return false;
    const known = this.#isMeant.get(client);
    if (known !== undefined) return known;
    const address = tryParseIpAddress(client);
    const isMeant = address !== null && isInside(address, this.#networks);
    if (this.#isMeant.size >= CLIENTS) this.#isMeant.clear();
    this.#isMeant.set(client, isMeant);
    return isMeant;
  }
}
