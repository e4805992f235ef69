import type { EmojiSetInfo } from './emoji-set.ts';

/** Who drew the demo pictures and under which licences, from what the packages say about themselves. */
export function attributionText(sets: readonly EmojiSetInfo[]): string {
  const lines = sets.map(
    ({ name, title, author, authorUrl, licence, licenceId, licenceUrl, packageVersion }) =>
      `${title}, by ${author} (${authorUrl})\n` +
      `  Licence: ${licence} (${licenceId}), ${licenceUrl}\n` +
      `  From the npm package @iconify-json/${name} ${packageVersion}; files named ${name}-*.png\n`,
  );
  return (
    'The pictures in this folder show drawings of the following sets. Changes: drawn as PNG on a coloured background, and in train/ also\n' +
    'turned, scaled and mirrored. Pictures of a set stay under the licence of that set; those under a ShareAlike licence may be passed on\n' +
    'under the same licence only.\n\n' +
    lines.join('\n')
  );
}
