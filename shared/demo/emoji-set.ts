import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { NotFoundError } from '../errors.ts';
import type { Sport } from './sports.ts';

export const EMOJI_SETS = ['noto', 'twemoji', 'openmoji', 'fluent-emoji-flat', 'emojione', 'fxemoji'] as const;
/** Each is the work of one artist or studio: npm package `@iconify-json/<name>`. */
export type EmojiSetName = (typeof EMOJI_SETS)[number];

/** Those that draw every sport. */
export const REQUIRED_EMOJI_SETS = ['noto', 'twemoji', 'openmoji', 'fluent-emoji-flat', 'emojione'] as const;

/** A drawing with the box that it fills. */
export interface Drawing {
  /** In its set. */
  readonly icon: string;
  /** Contents of an `<svg>` element. */
  readonly body: string;
  readonly width: number;
  readonly height: number;
}

/** What the package says about itself. */
export interface EmojiSetInfo {
  readonly name: EmojiSetName;
  readonly title: string;
  readonly author: string;
  readonly authorUrl: string;
  readonly licence: string;
  readonly licenceId: string;
  readonly licenceUrl: string;
  /** Of the npm package. */
  readonly packageVersion: string;
}

interface IconData {
  readonly body: string;
  readonly width?: number;
  readonly height?: number;
}

interface IconFile {
  readonly icons: Readonly<Record<string, IconData>>;
  readonly width?: number;
  readonly height?: number;
}

interface InfoFile {
  readonly name: string;
  readonly author: { readonly name: string; readonly url: string };
  readonly license: { readonly title: string; readonly spdx: string; readonly url: string };
}

/** iconify's own default. */
const DEFAULT_SIZE = 16;

/** In the order in which they are used: the most different ones first. */
const TONES = ['', 'medium', 'dark', 'light', 'medium-dark', 'medium-light'] as const;

export class EmojiSet {
  readonly name: EmojiSetName;
  readonly #file: IconFile;

  constructor(name: EmojiSetName, file: IconFile) {
    this.name = name;
    this.#file = file;
  }

  /**
   * Different drawings of a sport: people in several skin tones, as person, man and woman. Empty when the set has
   * none.
   */
  drawingsOf(sport: Sport, limit: number): Drawing[] {
    const base = this.name === 'fxemoji' ? sport.fxemoji : sport.icon;
    const drawings = new Map<string, Drawing>();
    for (const icon of base === null ? [] : variantNames(base, this.name)) {
      const data = Object.hasOwn(this.#file.icons, icon) ? this.#file.icons[icon] : undefined;
      if (data === undefined || drawings.has(data.body) || drawings.size === limit) continue;
      const width = data.width ?? this.#file.width ?? DEFAULT_SIZE;
      const height = data.height ?? this.#file.height ?? DEFAULT_SIZE;
      drawings.set(data.body, { icon, body: data.body, width, height });
    }
    return [...drawings.values()];
  }
}

function variantNames(base: string, set: EmojiSetName): string[] {
  const suffix = set === 'fluent-emoji-flat' ? '' : '-skin-tone';
  const bases = base.startsWith('person-')
    ? [base, base.replace('person', 'woman'), base.replace('person', 'man')]
    : [base];
  // Diagonally, so that the first few differ in both: person, medium woman, dark man, light person, ...
  return TONES.flatMap((_, step) =>
    bases.map((name, index) => {
      const tone = TONES[(step + index) % TONES.length] ?? '';
      return tone === '' ? name : `${name}-${tone}${suffix}`;
    }),
  );
}

/** @throws NotFoundError when the npm package is not installed */
export async function loadEmojiSet(name: EmojiSetName): Promise<EmojiSet> {
  return new EmojiSet(name, (await readPackageFile(name, 'icons.json')) as IconFile);
}

/** @throws NotFoundError when the npm package is not installed */
export async function loadEmojiSetInfo(name: EmojiSetName): Promise<EmojiSetInfo> {
  const info = (await readPackageFile(name, 'info.json')) as InfoFile;
  const { version } = (await readPackageFile(name, 'package.json')) as { readonly version: string };
  return {
    name,
    title: info.name,
    author: info.author.name,
    authorUrl: info.author.url,
    licence: info.license.title,
    licenceId: info.license.spdx,
    licenceUrl: info.license.url,
    packageVersion: version,
  };
}

async function readPackageFile(set: EmojiSetName, file: string): Promise<unknown> {
  const id = `@iconify-json/${set}/${file}`;
  try {
    return JSON.parse(await readFile(createRequire(import.meta.url).resolve(id), 'utf8')) as unknown;
  } catch (error) {
    throw new NotFoundError(
      `expected the installed npm package @iconify-json/${set}, "${file}" cannot be read; run npm ci`,
      {
        cause: error,
      },
    );
  }
}
