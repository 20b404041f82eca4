/** Without what is taken for something else when it is read out or written down. */
const LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const LENGTH = 20;

/** A password that nobody guesses: 116 bits. */
export function generatePassword(): string {
  let text = "";
  while (text.length < LENGTH) {
    const [number = 0] = crypto.getRandomValues(new Uint8Array(1));
    // Those that would make some letters likelier than others are left out.
    if (number < 256 - (256 % LETTERS.length)) text += LETTERS[number % LETTERS.length] ?? "";
  }
  return text;
}
