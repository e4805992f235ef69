import { expect, it } from 'vitest';
import { printable } from '../../../cli/terminal/printable.ts';

it.each([
  ['cat/a b.jpg', 'cat/a b.jpg'],
  ['straße/日本.png', 'straße/日本.png'],
  ['a/\u001b[2J1.jpg', 'a/\\u001b[2J1.jpg'],
  ['a/1\n.jpg', 'a/1\\u000a.jpg'],
  ['a/\u202egpj.jpg', 'a/\\u202egpj.jpg'],
])('shows %j without what acts on the terminal', (name, shown) => {
  expect(printable(name)).toBe(shown);
});
