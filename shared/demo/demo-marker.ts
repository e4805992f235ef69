import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What was, or is being, written into a folder of demo pictures. */
export interface DemoMarker {
  /** Hash of everything that decides the pictures. */
  readonly recipe: string;
  /** In bytes by path; null while it is being written. */
  readonly sizes: Readonly<Record<string, number | null>>;
}

/** Below our own hidden folder, which no listing shows. */
const FOLDER = '.headstart';
const FILE = 'demo-pictures.json';

/** Null when there is none that can be read. */
export async function readDemoMarker(root: string): Promise<DemoMarker | null> {
  try {
    const value: unknown = JSON.parse(await readFile(join(root, FOLDER, FILE), 'utf8'));
    return isDemoMarker(value) ? value : null;
  } catch {
    return null;
  }
}

export async function writeDemoMarker(root: string, marker: DemoMarker): Promise<void> {
  await mkdir(join(root, FOLDER), { recursive: true });
  const temporary = join(root, FOLDER, `${FILE}.tmp`);
  await writeFile(temporary, JSON.stringify(marker));
  await rename(temporary, join(root, FOLDER, FILE));
}

function isDemoMarker(value: unknown): value is DemoMarker {
  if (typeof value !== 'object' || value === null || !('recipe' in value) || !('sizes' in value)) return false;
  const { recipe, sizes } = value;
  if (typeof recipe !== 'string' || typeof sizes !== 'object' || sizes === null) return false;
  // The paths are removed when the recipe changes: nothing outside may be named.
  return Object.entries(sizes).every(([path, size]) => isOwnPath(path) && (size === null || typeof size === 'number'));
}

function isOwnPath(path: string): boolean {
  return path === 'ATTRIBUTION.txt' || /^(train|valid|test)\/[a-z-]+\/[a-z\d-]+\.png$/.test(path);
}
