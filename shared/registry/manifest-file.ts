import { DamagedFileError, InvalidInputError } from '../errors.ts';
import { MANIFEST_FORMAT_VERSION, type ModelManifest, type ModelManifestDraft } from './model-manifest.ts';
import { contentHashOf } from './model-version.ts';

/** More than 100,000 labels with their counts take; read before it is parsed, so it has to be bounded. */
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** Indented JSON. Same manifest, same bytes. */
export function manifestBytes(manifest: ModelManifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * The draft with its fields in the order of the schema and nothing else.
 *
 * @throws InvalidInputError `invalid_manifest` naming every field that does not fit
 */
export async function parseManifestDraft(draft: ModelManifestDraft): Promise<ModelManifestDraft> {
  const { MODEL_MANIFEST_DRAFT_SCHEMA, describeIssues } = await import('./model-manifest-schema.ts');
  const parsed = MODEL_MANIFEST_DRAFT_SCHEMA.safeParse(draft);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(`expected a complete model manifest, got ${describeIssues(parsed.error)}`, {
    code: 'invalid_manifest',
    cause: parsed.error,
  });
}

/**
 * @param version that the manifest must be of: its hash is part of it, so that an altered manifest is noticed
 * @param location for messages
 * @throws DamagedFileError when the bytes are no manifest, of a newer format, or altered
 */
export async function parseManifest(bytes: Uint8Array, version: string, location: string): Promise<ModelManifest> {
  const stored = parseJson(bytes, location);
  const { formatVersion } = stored;
  if (typeof formatVersion === 'number' && formatVersion > MANIFEST_FORMAT_VERSION) {
    const known = `format ${MANIFEST_FORMAT_VERSION} in "${location}"`;
    throw new DamagedFileError(`expected ${known}, got the newer format ${formatVersion}; update headstart`);
  }
  const { MODEL_MANIFEST_SCHEMA, describeIssues } = await import('./model-manifest-schema.ts');
  const parsed = MODEL_MANIFEST_SCHEMA.safeParse(stored);
  if (!parsed.success) throw damaged(location, describeIssues(parsed.error), { cause: parsed.error });
  const hash = version.slice(version.indexOf('-') + 1);
  // Of what is stored, not of what the schema knows: a field that a later version adds takes part.
  if (parsed.data.version !== version || !contentHashOf(stored).startsWith(hash)) {
    throw damaged(location, `content that does not belong to version ${version}`);
  }
  return parsed.data;
}

function parseJson(bytes: Uint8Array, location: string): Record<string, unknown> {
  if (bytes.length > MAX_MANIFEST_BYTES) throw damaged(location, `${bytes.length} bytes`);
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (error) {
    throw damaged(location, 'something that is no JSON', { cause: error });
  }
  throw damaged(location, 'no JSON object');
}

function damaged(location: string, received: string, options?: ErrorOptions): DamagedFileError {
  return new DamagedFileError(
    `expected a model manifest in "${location}", got ${received}; use another version or restore this folder`,
    options,
  );
}
