import { existsSync } from 'node:fs';
import path from 'node:path';

const folder = path.resolve(import.meta.dirname, '../../../shared');

/** Whether the developers' material (photographs, a real backbone, Keras results) lies beside this checkout. */
export const hasShared = existsSync(path.join(folder, 'models'));

/** For titles: why a test that needs it does not run. */
export const NEEDS_SHARED = 'needs ../shared beside the checkout';

export function sharedPath(...segments: readonly string[]): string {
  return path.join(folder, ...segments);
}
