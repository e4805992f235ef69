import { markup, type Markup, type MarkupValue } from '../markup.ts';

/** A titled part of the page; `id` is its anchor. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Markup;
}

export function drawSection({ id, title, content }: Section): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${content}</section>
`;
}

/** Wide content that scrolls inside the page, also by keyboard. */
export function scroller(label: string, content: MarkupValue): Markup {
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${label}">${content}</div>`;
}

export interface Fact {
  readonly name: string;
  readonly value: MarkupValue;
}

export function factList(facts: readonly Fact[]): Markup {
  return markup`<dl class="facts">${facts.map(({ name, value }) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
