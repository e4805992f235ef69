import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  EMOJI_SETS,
  loadEmojiSet,
  loadEmojiSetInfo,
  type EmojiSet,
  type EmojiSetName,
} from '../../../shared/demo/emoji-set.ts';
import { planDemoPictures } from '../../../shared/demo/plan-demo-pictures.ts';
import { SPORTS } from '../../../shared/demo/sports.ts';
import { DEFAULT_DEMO_ARTISTS } from '../../../shared/demo/write-demo-pictures.ts';

const PAGE = await readFile(join(import.meta.dirname, '../../../docs/demo-pictures.md'), 'utf8');
/** A row of a table without the spaces that align it. */
const ROWS = PAGE.split('\n').map((line) => line.replaceAll(/\s*\|\s*/g, '|'));

describe('docs/demo-pictures.md', () => {
  it.each(EMOJI_SETS)('attributes %s as its package does', async (name) => {
    const { title, author, licenceId, authorUrl } = await loadEmojiSetInfo(name);
    expect(ROWS).toContain(`|${title}|${author}|${licenceId}|\`@iconify-json/${name}\`|${authorUrl}|`);
  });

  it('names the number of sports and of pictures that are drawn', async () => {
    const sets = new Map<EmojiSetName, EmojiSet>();
    for (const name of EMOJI_SETS) sets.set(name, await loadEmojiSet(name));
    const plan = planDemoPictures(sets, DEFAULT_DEMO_ARTISTS);
    expect(PAGE).toContain(`${SPORTS.length} sports`);
    for (const split of ['train', 'valid', 'test'] as const) {
      const count = plan.filter((picture) => picture.split === split).length;
      const row = ROWS.find((line) => line.startsWith(`|${split}`));
      expect(row?.endsWith(`|${count}|`), `${split}: ${count}`).toBe(true);
    }
    expect(PAGE).toContain(
      `The Firefox OS set draws ${SPORTS.filter(({ fxemoji }) => fxemoji !== null).length} of the 35`,
    );
  });
});
