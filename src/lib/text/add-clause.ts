/** `sentence`, and `clause` behind a semicolon; behind a question as a sentence of its own. */
export function addClause(sentence: string, clause: string): string {
  return sentence.endsWith("?")
    ? `${sentence} ${clause.slice(0, 1).toUpperCase()}${clause.slice(1)}`
    : `${sentence}; ${clause}`;
}
