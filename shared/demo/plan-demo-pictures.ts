import type { Split } from '../dataset/dataset.ts';
import { placementFor, PLAIN_PLACEMENT, type Placement } from './draw-demo-picture.ts';
import type { Drawing, EmojiSet, EmojiSetName } from './emoji-set.ts';
import { SPORTS } from './sports.ts';

/** Whose drawings are learned from, which stop the training early and calibrate it, and which judge it. */
export type DemoArtists = Readonly<Record<Split, readonly EmojiSetName[]>>;

export interface PlannedPicture {
  /** `train/golf/noto-person-golfing-2.png` */
  readonly path: string;
  readonly label: string;
  readonly split: Split;
  readonly drawing: Drawing;
  readonly placement: Placement;
}

/**
 * Pictures of one sport by one artist that are learned from: the drawings in turn, the first as it is, the others
 * placed differently.
 */
export const TRAIN_PICTURES_PER_ARTIST = 6;

/**
 * Drawings of one sport by one artist that judge: each once and as it is, since a second view of the same drawing
 * would only make the interval look narrower than it is.
 */
export const JUDGING_DRAWINGS_PER_ARTIST = 3;

/** Every picture to be written, in the order of SPORTS and the artists. */
export function planDemoPictures(sets: ReadonlyMap<EmojiSetName, EmojiSet>, artists: DemoArtists): PlannedPicture[] {
  const splits = Object.entries(artists) as [Split, readonly EmojiSetName[]][];
  return SPORTS.flatMap((sport) =>
    splits.flatMap(([split, names]) =>
      names.flatMap((artist) => {
        const limit = split === 'train' ? TRAIN_PICTURES_PER_ARTIST : JUDGING_DRAWINGS_PER_ARTIST;
        const drawings = sets.get(artist)?.drawingsOf(sport, limit) ?? [];
        return picturesOf(drawings, split).map(({ drawing, index }) => {
          const name = `${artist}-${drawing.icon}-${index}`;
          const path = `${split}/${sport.label}/${name}.png`;
          const placement = index === 0 || split !== 'train' ? PLAIN_PLACEMENT : placementFor(`${sport.label}/${name}`);
          return { path, label: sport.label, split, drawing, placement };
        });
      }),
    ),
  );
}

function picturesOf(drawings: readonly Drawing[], split: Split): { drawing: Drawing; index: number }[] {
  const count = drawings.length === 0 ? 0 : split === 'train' ? TRAIN_PICTURES_PER_ARTIST : drawings.length;
  return Array.from({ length: count }, (_, index) => ({ drawing: drawings[index % drawings.length], index })).flatMap(
    ({ drawing, index }) => (drawing === undefined ? [] : [{ drawing, index }]),
  );
}
