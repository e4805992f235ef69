import sharp from 'sharp';

/** Versions of what decodes and resizes. */
export function imageVersions(): { readonly sharp: string; readonly libvips: string } {
  return { sharp: sharp.versions.sharp, libvips: sharp.versions.vips };
}
