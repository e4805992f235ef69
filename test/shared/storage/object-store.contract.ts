import { afterEach, beforeEach, describe } from 'vitest';
import type { ObjectStore } from '../../../shared/storage/object-store.ts';
import { describeConditions } from './contract/describe-conditions.ts';
import { describeKeys } from './contract/describe-keys.ts';
import { describeListing } from './contract/describe-listing.ts';
import { describeRanges } from './contract/describe-ranges.ts';
import { describeReadingAndWriting } from './contract/describe-reading-and-writing.ts';
import { NO_GAPS, type Gaps, type StoreUnderTest } from './contract/store-under-test.ts';

/**
 * Every promise of ObjectStore, for any implementation.
 *
 * @param gaps of the server behind the store; the cases that need them are skipped and say why
 */
export function describeObjectStore(
  name: string,
  makeStore: () => Promise<StoreUnderTest>,
  gaps: Gaps = NO_GAPS,
): void {
  describe(`${name} as an ObjectStore`, () => {
    let underTest: StoreUnderTest;
    let store: ObjectStore;
    beforeEach(async () => {
      underTest = await makeStore();
      store = underTest.store;
    });
    afterEach(() => underTest.close());

    describeReadingAndWriting(() => store);
    describeRanges(() => store);
    describeListing(() => store, gaps);
    describeConditions(() => store, gaps);
    describeKeys(() => store);
  });
}
