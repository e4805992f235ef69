import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText, markup, name } from '../../../../shared/evaluation/report/markup.ts';

describe('markup', () => {
  it('escapes values in text and attributes, joins lists, leaves out null, keeps markup', () => {
    expect(markup`<a title="${'"><script>'}">${['a&b', markup`<b>${'<'}</b>`, null, 3]}</a>`.html).toBe(
      '<a title="&quot;&gt;&lt;script&gt;">a&amp;b<b>&lt;</b>3</a>',
    );
  });

  it('lets no character through that opens a tag, ends an attribute or turns the text around', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const escaped = escapeText(text);
        expect(escaped).not.toMatch(/[<>"'\p{Cc}\u202A-\u202E\u2066-\u2069]/u);
        expect(escaped.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
        expect(escaped.isWellFormed()).toBe(true);
      }),
    );
  });

  it('replaces halves of surrogate pairs, which no UTF-8 file can hold', () => {
    expect(escapeText('a\uD83Db\uDD11')).toBe('a\uFFFDb\uFFFD');
  });

  it('keeps names of any script as they are', () => {
    expect(name('Schlüssel 钥匙 مفتاح 🔑').html).toBe('<bdi>Schlüssel 钥匙 مفتاح 🔑</bdi>');
  });
});
