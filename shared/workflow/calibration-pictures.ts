import type { CalibrationPictures } from '../backbone/install-in-precision.ts';
import { listPictures } from '../dataset/list-dataset.ts';
import { InvalidInputError } from '../errors.ts';
import { preparePicture } from '../image/prepare-picture.ts';
import { UnusablePictureError } from '../image/picture.ts';
import { openFolder } from '../storage/open-folder.ts';

/** More pictures hardly move the ranges, and each costs a run of the backbone with all its values as outputs. */
const MAX_PICTURES = 64;

/** Pictures of a folder, spread evenly over it, as a backbone takes them: what full int8 is calibrated on. */
export function calibrationPictures(location: string): CalibrationPictures {
  return async function* (input) {
    const store = await openFolder(location);
    const { pictures } = await listPictures(store, '');
    const step = Math.max(1, pictures.length / MAX_PICTURES);
    let used = 0;
    for (let place = 0; place < pictures.length; place += step) {
      const stored = await store.get(pictures[Math.floor(place)]?.key ?? '');
      if (stored === null) continue;
      const prepared = await preparePicture(stored.bytes, input).catch((error: unknown) => {
        if (error instanceof UnusablePictureError) return null;
        throw error;
      });
      if (prepared === null) continue;
      used += 1;
      yield prepared.values;
    }
    if (used === 0)
      throw new InvalidInputError(`expected pictures in "${location}" to calibrate with, found none that can be used`);
  };
}
