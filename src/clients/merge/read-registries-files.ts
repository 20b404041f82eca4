import type { FileReader } from "./file-reader.ts";
import type { RegistriesFile } from "./registries-precedence.ts";

const ETC = "/etc/containers";
const USR = "/usr/share/containers";
const HOME = "/root/.config/containers";
/** Drop-ins are read in the order of their names, whichever of these they are in. Older programs know the third alone. */
const DROP_INS = [
  `${USR}/registries.conf.d`,
  `${USR}/registries.rootful.conf.d`,
  `${ETC}/registries.conf.d`,
  `${ETC}/registries.rootful.conf.d`,
];

/**
 * The files that decide where the root of a node pulls from, in the order of reading. `ours` is larder's drop-in;
 * `text` is what it is to become, null for what it is.
 */
export async function readRegistriesFiles(
  files: FileReader,
  ours: string,
  text: string | null,
): Promise<readonly RegistriesFile[]> {
  const found: RegistriesFile[] = [];
  for (const [path, place] of [
    [`${HOME}/registries.conf`, "home"],
    [`${ETC}/registries.conf`, "before"],
    [`${USR}/registries.conf`, "before"],
  ] as const) {
    const main = await files.read(path);
    if (main === null) continue;
    found.push({ path, text: main, place });
    break;
  }
  const own = text ?? (await files.read(ours));
  const ownName = nameOf(ours);
  const others = (await Promise.all(DROP_INS.map((folder) => dropInsOf(files, folder)))).flat();
  const [before, after] = [[] as RegistriesFile[], [] as RegistriesFile[]];
  for (const drop of others.filter(({ path }) => nameOf(path) !== ownName).sort(byName)) {
    if (nameOf(drop.path) < ownName) before.push({ ...drop, place: "before" });
    else after.push({ ...drop, place: "after" });
  }
  const mine = own === null ? [] : [{ path: ours, text: own, place: "ours" } as const];
  const atHome = (await dropInsOf(files, `${HOME}/registries.conf.d`)).map(
    (drop) => ({ ...drop, place: "homedir" }) as const,
  );
  return [...found, ...before, ...mine, ...after, ...atHome];
}

type DropIn = { readonly path: string; readonly text: string };

async function dropInsOf(files: FileReader, folder: string): Promise<readonly DropIn[]> {
  const names = (await files.list(folder)).filter((name) => name.endsWith(".conf")).toSorted();
  const texts = await Promise.all(names.map((name) => files.read(`${folder}/${name}`)));
  return names.flatMap((name, index) => {
    const text = texts[index];
    return text === null || text === undefined ? [] : [{ path: `${folder}/${name}`, text }];
  });
}

function byName(a: DropIn, b: DropIn): number {
  const [one, other] = [`${nameOf(a.path)}\t${a.path}`, `${nameOf(b.path)}\t${b.path}`];
  return one < other ? -1 : one > other ? 1 : 0;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
