/** HTML that is safe to put into a page. Only `markup` and `trusted` make it. */
export class Markup {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

export type MarkupValue = string | number | Markup | null | readonly MarkupValue[];

/** Tag of a template: every value is escaped unless it is Markup; lists are joined, null is nothing. */
export function markup(parts: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  return new Markup(parts.map((part, index) => part + htmlOf(values[index] ?? null)).join(''));
}

/** Only for text of this folder's own: never for anything that comes from a user. */
export function trusted(html: string): Markup {
  return new Markup(html);
}

/** A label or path: kept apart from the writing direction of the text around it. */
export function name(text: string): Markup {
  return markup`<bdi>${text}</bdi>`;
}

function htmlOf(value: MarkupValue): string {
  if (value === null) return '';
  if (value instanceof Markup) return value.html;
  if (typeof value === 'object') return value.map(htmlOf).join('');
  return escapeText(String(value));
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Text or a quoted attribute. Characters that HTML has no place for (controls, halves of a surrogate pair) and marks that
 * turn the direction of what follows become the replacement character.
 */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD')
    .replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}
