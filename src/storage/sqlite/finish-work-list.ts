import type { KeyedMutex } from "../../lib/async/keyed-mutex.ts";
import type { Work } from "../../lib/async/turns.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import type { Collected, WorkList } from "./work-list.ts";

/**
 * Does all pieces of a list, a turn of them in one transaction, and tells what was removed. `linkTurns` is held in each turn:
 * until a manifest that is written in turns is complete, nothing that it needs is looked at.
 */
export async function finishWorkList<Piece>(
  database: SqliteDatabase,
  linkTurns: KeyedMutex<"links">,
  list: WorkList<Piece>,
  work: Work,
): Promise<Collected> {
  const taken: Collected[] = [];
  const takeTurn = () =>
    database.freeing(() => {
      for (let piece = list.next(); piece !== null; piece = list.next()) {
        taken.push(list.take(piece));
        if (work.isTurnOver) break;
      }
    });
  while (list.next() !== null) {
    await work.nextTurn();
    await linkTurns.run("links", takeTurn);
  }
  return sumOf(taken);
}

/** Adds up what several turns, or lists, removed. */
export function sumOf(parts: readonly Collected[]): Collected {
  const sum = { manifests: 0, links: 0 };
  for (const { manifests, links } of parts) {
    sum.manifests += manifests;
    sum.links += links;
  }
  return sum;
}
