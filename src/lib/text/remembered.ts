/** Longer texts are worked out each time: what clients send must not fill memory. */
const TEXT_LIMIT = 1024;
const ENTRIES_LIMIT = 4096;

/**
 * The same function of a text, whose last few thousand answers are remembered: for parsers that are asked the same thing
 * thousands of times a second. Answers are shared, so nobody may change them. What throws is asked again.
 */
export function remembered<Answer>(answerTo: (text: string) => Answer): (text: string) => Answer {
  const answers = new Map<string, Answer>();
  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    const answer = answerTo(text);
    if (text.length > TEXT_LIMIT || answer === undefined) return answer;
    // All at once: to keep count of who was asked for last costs more than to work them out anew.
    if (answers.size >= ENTRIES_LIMIT) answers.clear();
    answers.set(text, answer);
    return answer;
  };
}
