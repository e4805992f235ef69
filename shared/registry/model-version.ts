import { createHash } from 'node:crypto';
import type { ModelManifest } from './model-manifest.ts';

/** `<UTC seconds>-<6 to 64 hex digits>`. */
export const VERSION_PATTERN = /^\d{8}T\d{6}Z-[0-9a-f]{6,64}$/;

/**
 * Digits of the content hash in a version; a longer one is taken only when a shorter one is in use for other content.
 */
export const VERSION_HASH_LENGTHS = [6, 12, 64] as const;

/** Whole seconds, as a manifest's `createdAt`. */
export function createdAtOf(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

export function modelVersion(createdAt: string, contentHash: string, hashLength: number): string {
  return `${createdAt.replaceAll(/[-:]/g, '')}-${contentHash.slice(0, hashLength)}`;
}

/** Hex SHA-256 of everything in a manifest except `version` and `createdAt`, in the order in which it is stored. */
export function contentHashOf(manifest: object): string {
  const content = Object.entries(manifest).filter(([name]) => !VOLATILE.has(name));
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

const VOLATILE: ReadonlySet<string> = new Set(['version', 'createdAt'] satisfies (keyof ModelManifest)[]);
