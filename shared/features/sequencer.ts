/**
 * Orders two sequencers of one key, as S3 defines them: hex strings of differing length, compared after right-padding with zeros.
 * @returns negative, 0 or positive
 */
export function compareSequencers(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  const left = a.toLowerCase().padEnd(length, '0');
  const right = b.toLowerCase().padEnd(length, '0');
  return left < right ? -1 : left > right ? 1 : 0;
}

export function isSequencer(text: string): boolean {
  return /^[0-9a-f]*$/i.test(text);
}

/**
 * A sequencer for what a listing saw, which S3 gives none for. It has the form in which S3 has been seen to write its own (a zero byte, the second,
 * a fraction of it), so that an event from after the listing wins over it and one from before loses.
 *
 * @param previous of the key's row that it replaces: the result is always above it, whatever the clock says
 */
export function listingSequencer(nowEpochMs: number, previous: string | null): string {
  const seconds = Math.floor(nowEpochMs / 1000);
  const fraction = Math.floor((nowEpochMs % 1000) * 1e6);
  const now = `00${seconds.toString(16).padStart(8, '0')}${fraction.toString(16).padStart(8, '0')}`;
  return previous === null || compareSequencers(now, previous) > 0 ? now : successorOf(previous);
}

/** The next higher one of at least the same length; `ff` has none, so it grows. */
function successorOf(sequencer: string): string {
  const next = (BigInt(`0x0${sequencer}`) + 1n).toString(16).padStart(sequencer.length, '0');
  return next.length > sequencer.length ? `${sequencer}1` : next;
}
