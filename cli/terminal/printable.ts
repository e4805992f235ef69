/** C0 and C1 controls, and the marks that turn the direction of a text round: a name with them could write over what stands on the terminal. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A file's name or key as it may be shown: `\u001b` for what would act on the terminal. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
