/** The programs beside which, and by which, larder is measured. */
export type Programs = {
  readonly dockerRegistry: string;
  readonly nginx: string;
  readonly skopeo: string;
  /** Null: a load generator on Bun takes its place. */
  readonly wrk: string | null;
};

const PACKAGES: Readonly<Record<string, string>> = {
  "docker-registry": "docker-registry",
  nginx: "nginx-light",
  skopeo: "skopeo",
};

/** Finds them. Throws when one is missing that nothing can stand in for. */
export function findPrograms(): Programs {
  return { dockerRegistry: need("docker-registry"), nginx: need("nginx"), skopeo: need("skopeo"), wrk: find("wrk") };
}

function need(program: string): string {
  const path = find(program);
  if (path !== null) return path;
  throw new Error(`${program} is not here; on Debian, install it with: apt-get install ${PACKAGES[program]}`);
}

/** Root's programs are not in everybody's PATH. */
function find(program: string): string | null {
  return Bun.which(program, { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` });
}
