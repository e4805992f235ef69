/** A word as a shell has to be given it: in quotes when it holds more than letters, digits and the signs of paths. */
export function quoteWord(word: string): string {
  return /^[\p{L}\p{N}_./:@%+=,~-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
