/** Something in a guide that is not as it is written there, with the guide's name and line. */
export class GuideMistake extends Error {
  override readonly name = "GuideMistake";

  constructor(guide: string, line: number, what: string) {
    super(`${guide}:${line}: ${what}`);
  }
}
