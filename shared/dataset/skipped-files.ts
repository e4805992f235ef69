import type { SkippedFile } from './dataset.ts';
import type { SkippedPictureKey } from './parse-picture-key.ts';

/** Collects what a listing leaves out: a hidden or system folder as one entry with its number of files. */
export class SkippedFiles {
  readonly #prefix: string;
  readonly #entries = new Map<string, SkippedFile>();

  /** @param prefix of the dataset, put in front of every path */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  add(path: string, { skip, folder }: SkippedPictureKey): void {
    if (folder === null) {
      this.#entries.set(path, { key: this.#prefix + path, ...skip });
      return;
    }
    const fileCount = (this.#entries.get(folder)?.fileCount ?? 0) + 1;
    this.#entries.set(folder, { key: this.#prefix + folder, ...skip, fileCount });
  }

  all(): readonly SkippedFile[] {
    return [...this.#entries.values()];
  }
}
