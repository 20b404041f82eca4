/** As much as is looked at: a command may be anything. */
const LIMIT = 200_000;

/**
 * The instruction of a Dockerfile that a step of a history is about: builders write down what they ran. What is not known for
 * that stays as it is.
 *
 *   /bin/sh -c #(nop)  ENV A=b                  ENV A=b
 *   /bin/sh -c apt-get update                   RUN apt-get update
 *   RUN /bin/sh -c apt-get update # buildkit    RUN apt-get update
 *   |1 VERSION=3 /bin/sh -c make                RUN make
 */
export function instructionOf(createdBy: string): string {
  if (createdBy.length > LIMIT) return createdBy;
  const text = createdBy.replace(/\s*# buildkit\s*$/, "").trim();
  const nothing = /^(?:\/bin\/sh -c|cmd \/S \/C|powershell [^#]{0,200}) #\(nop\)\s*/.exec(text);
  if (nothing !== null) return text.slice(nothing[0].length).trim();
  const ran = /^(RUN )?(?:\|\d+ [^\n]{0,10000}?)?\/bin\/(?:ba)?sh -c (.*)$/s.exec(text);
  return ran === null ? text : `RUN ${(ran[2] ?? "").trim()}`;
}
