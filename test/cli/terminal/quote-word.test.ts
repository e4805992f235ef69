import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { quoteWord } from '../../../cli/terminal/quote-word.ts';

it.each(['./photos', '/a/b-c_d.e', 's3://bucket/birds', 'Käfer'])('leaves %s as it is', (word) => {
  expect(quoteWord(word)).toBe(word);
});

it.each(['my photos', "Anna's", '$HOME', '`id`', 'a;b', '', '*'])('quotes %j so that a shell reads it back', (word) => {
  expect(execFileSync('sh', ['-c', `printf %s ${quoteWord(word)}`]).toString()).toBe(word);
});
