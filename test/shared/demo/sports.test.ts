import { describe, expect, it } from 'vitest';
import { EMOJI_SETS, loadEmojiSet, loadEmojiSetInfo, REQUIRED_EMOJI_SETS } from '../../../shared/demo/emoji-set.ts';
import { SPORTS } from '../../../shared/demo/sports.ts';

describe('SPORTS', () => {
  it('are at least 25 labels, each once, in order', () => {
    const labels = SPORTS.map(({ label }) => label);
    expect(labels.length).toBeGreaterThanOrEqual(25);
    expect(labels).toEqual([...new Set(labels)].sort());
  });

  it.each(REQUIRED_EMOJI_SETS)('are all drawn in %s', async (name) => {
    const set = await loadEmojiSet(name);
    expect(SPORTS.filter((sport) => set.drawingsOf(sport, 1).length === 0)).toEqual([]);
  });

  it('are drawn in fxemoji wherever the table names an icon there', async () => {
    const set = await loadEmojiSet('fxemoji');
    for (const sport of SPORTS) {
      expect(set.drawingsOf(sport, 3), sport.label).toHaveLength(sport.fxemoji === null ? 0 : 1);
    }
  });

  it('have people in different skin tones, never the same drawing twice', async () => {
    for (const name of REQUIRED_EMOJI_SETS) {
      const set = await loadEmojiSet(name);
      const cycling = SPORTS.filter(({ label }) => label === 'cycling').flatMap((sport) => set.drawingsOf(sport, 6));
      expect(cycling).toHaveLength(6);
      expect(new Set(cycling.map(({ body }) => body)).size).toBe(6);
    }
  });
});

describe('emoji sets', () => {
  it.each([
    ['noto', 'Apache-2.0'],
    ['twemoji', 'CC-BY-4.0'],
    ['openmoji', 'CC-BY-SA-4.0'],
    ['fluent-emoji-flat', 'MIT'],
    ['emojione', 'CC-BY-4.0'],
    ['fxemoji', 'Apache-2.0'],
  ] as const)('%s is licensed under %s, as docs/demo-pictures.md says', async (name, licenceId) => {
    const info = await loadEmojiSetInfo(name);
    expect(info.licenceId).toBe(licenceId);
    expect(info.licenceUrl).toMatch(/^https:/);
    expect(info.author).not.toBe('');
  });

  it('are all covered by the licence test', () => {
    expect([...EMOJI_SETS].sort()).toEqual(
      ['noto', 'twemoji', 'openmoji', 'fluent-emoji-flat', 'emojione', 'fxemoji'].sort(),
    );
  });
});
