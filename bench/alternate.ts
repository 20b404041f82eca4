/** Runs in turns, a, b, c, a, b, c: whatever else the machine does meanwhile, all of them suffer from it alike. */
export async function alternate<Name extends string, Sample>(
  rounds: number,
  runs: Readonly<Record<Name, (round: number) => Promise<Sample>>>,
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(runs) as Name[];
  const samples = Object.fromEntries(names.map((name): [Name, Sample[]] => [name, []])) as Record<Name, Sample[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) samples[name].push(await runs[name](round));
  }
  return samples;
}
