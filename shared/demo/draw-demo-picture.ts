import { createHash } from 'node:crypto';
import { rasteriseSvg } from '../image/rasterise-svg.ts';
import type { Drawing } from './emoji-set.ts';

/** What backbones of this size see. */
export const DEMO_PICTURE_PX = 224;

/** Light ones, so that drawings with dark outlines keep them. */
const BACKGROUNDS = ['#ffffff', '#f4efe6', '#e3eef9', '#e6f4e4', '#fbe9ea', '#efe8f8', '#fdf6d8', '#e4e4e4'] as const;

const MAX_ROTATION_DEGREES = 15;

/** How a drawing lies on its picture. */
export interface Placement {
  readonly background: string;
  readonly rotationDegrees: number;
  /** Of the picture's width, (0, 1]. */
  readonly scale: number;
  readonly isMirrored: boolean;
}

/** As the artist drew it, on white. */
export const PLAIN_PLACEMENT: Placement = { background: '#ffffff', rotationDegrees: 0, scale: 0.9, isMirrored: false };

/** The same name gives the same placement, on every machine. */
export function placementFor(name: string): Placement {
  const bytes = createHash('sha256').update(name).digest();
  const share = (index: number): number => bytes.readUInt16BE(index * 2) / 0xffff;
  return {
    background: BACKGROUNDS[bytes.readUInt16BE(0) % BACKGROUNDS.length] ?? PLAIN_PLACEMENT.background,
    rotationDegrees: Math.round((share(1) * 2 - 1) * MAX_ROTATION_DEGREES),
    scale: Math.round((0.65 + share(2) * 0.3) * 100) / 100,
    isMirrored: share(3) < 0.5,
  };
}

/** @returns PNG, DEMO_PICTURE_PX square */
export async function drawDemoPicture(drawing: Drawing, placement: Placement): Promise<Uint8Array> {
  const { background, rotationDegrees, scale, isMirrored } = placement;
  const { body, width, height } = drawing;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="100" viewBox="0 0 100 100">` +
    `<g transform="translate(50 50) rotate(${rotationDegrees}) scale(${isMirrored ? -scale : scale} ${scale}) translate(-50 -50)">` +
    `<svg width="100" height="100" viewBox="0 0 ${width} ${height}">${body}</svg></g></svg>`;
  return rasteriseSvg(svg, DEMO_PICTURE_PX, background);
}
