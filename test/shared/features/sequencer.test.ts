import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareSequencers, listingSequencer } from '../../../shared/features/sequencer.ts';

const sequencer = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), maxLength: 20 });

describe('compareSequencers', () => {
  it('pads with zeros on the right', () => {
    expect(compareSequencers('1', '0f')).toBeGreaterThan(0);
    expect(compareSequencers('0055AED6', '0055aed600')).toBe(0);
    expect(compareSequencers('', '000')).toBe(0);
  });

  it('is a total order', () => {
    fc.assert(
      fc.property(sequencer, sequencer, sequencer, (a, b, c) => {
        expect(Math.sign(compareSequencers(a, b))).toBe(-Math.sign(compareSequencers(b, a)) + 0);
        if (compareSequencers(a, b) <= 0 && compareSequencers(b, c) <= 0) {
          expect(compareSequencers(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});

describe('listingSequencer', () => {
  it('is above the previous one, whatever the clock says', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 41), sequencer, (now, previous) => {
        expect(compareSequencers(listingSequencer(now, previous), previous)).toBeGreaterThan(0);
      }),
    );
  });

  it('has the form of S3’s own, so that a later event wins over it', () => {
    const listed = listingSequencer(Date.UTC(2015, 6, 21, 23, 33, 47), null);

    expect(compareSequencers(listed, '0055AED6DCD90281E5')).toBeLessThan(0);
    expect(compareSequencers(listingSequencer(Date.UTC(2026, 0, 1), null), '0055AED6DCD90281E5')).toBeGreaterThan(0);
  });
});
