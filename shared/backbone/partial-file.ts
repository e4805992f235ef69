import { open, readFile, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';

/** What the server said of the file whose beginning we hold. */
interface PartNote {
  readonly url: string;
  /** ETag or Last-Modified, for If-Range. */
  readonly validator: string;
}

/** The beginning of a download, with a note beside it that tells of which version of the server's file. */
export class PartialFile {
  readonly path: string;
  readonly #url: string;

  constructor(path: string, url: string) {
    this.path = path;
    this.#url = url;
  }

  get #notePath(): string {
    return `${this.path}.json`;
  }

  /** Null when there is nothing to go on from: no file, another address, or a server that names no version. */
  async held(): Promise<{ readonly sizeBytes: number; readonly validator: string } | null> {
    try {
      const note = JSON.parse(await readFile(this.#notePath, 'utf8')) as Partial<PartNote>;
      const { size } = await stat(this.path);
      if (note.url !== this.#url || typeof note.validator !== 'string' || size === 0) return null;
      return { sizeBytes: size, validator: note.validator };
    } catch {
      return null; // Nothing here, or a note that was cut short: from the start.
    }
  }

  /** Empties the file before it notes the new version, so that a crash between the two cannot join two versions. */
  async startAnew(validator: string | null): Promise<FileHandle> {
    await rm(this.#notePath, { force: true });
    const file = await open(this.path, 'w');
    const note = { url: this.#url, validator: validator ?? '' } satisfies PartNote;
    if (validator !== null) await writeFile(this.#notePath, JSON.stringify(note));
    return file;
  }

  async goOn(): Promise<FileHandle> {
    return open(this.path, 'a');
  }

  /** Forgets the version, so that the next try starts anew. */
  async forget(): Promise<void> {
    await rm(this.#notePath, { force: true });
  }
}
