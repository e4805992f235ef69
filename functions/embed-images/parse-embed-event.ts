import { z } from 'zod';
import type { PictureEvent } from '../../shared/features/apply-picture-events.ts';

/** One SQS message, or null for the id when the pictures come from a backfill. */
export interface ParsedMessage {
  readonly messageId: string;
  readonly events: readonly PictureEvent[];
}

export interface ParsedEmbedEvent {
  /** `queue`: messages fail one by one. `backfill`: the whole batch is tried again. */
  readonly source: 'queue' | 'backfill';
  readonly messages: readonly ParsedMessage[];
  /** Messages that are no S3 events: they come again, and end in the dead-letter queue, where a person sees them. */
  readonly malformed: readonly { readonly messageId: string; readonly reason: string }[];
}

const QUEUE_EVENT = z.object({ Records: z.array(z.object({ messageId: z.string(), body: z.string() })) });
const BACKFILL_EVENT = z.object({
  Items: z.array(
    z.object({
      Key: z.string(),
      Etag: z.string().optional(),
      ETag: z.string().optional(),
      Size: z.number().optional(),
    }),
  ),
});
const S3_RECORD = z.object({
  eventName: z.string(),
  s3: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({
      key: z.string(),
      size: z.number().nonnegative().optional(),
      eTag: z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
});
const S3_EVENT = z.union([
  z.object({ Event: z.literal('s3:TestEvent') }),
  z.object({ Records: z.array(S3_RECORD).min(1) }),
]);

/**
 * Takes what invoked the function apart: a batch of SQS messages with S3 events, or a batch of a Distributed Map.
 *
 * @throws ZodError when it is neither
 */
export function parseEmbedEvent(event: unknown, bucket: string): ParsedEmbedEvent {
  const backfill = BACKFILL_EVENT.safeParse(event);
  if (backfill.success) return { source: 'backfill', messages: [fromBackfill(backfill.data)], malformed: [] };
  const messages: ParsedMessage[] = [];
  const malformed: { messageId: string; reason: string }[] = [];
  for (const { messageId, body } of QUEUE_EVENT.parse(event).Records) {
    const parsed = safeParseBody(body, bucket);
    if (typeof parsed === 'string') malformed.push({ messageId, reason: parsed });
    else messages.push({ messageId, events: parsed });
  }
  return { source: 'queue', messages, malformed };
}

/** Step Functions lists keys as they are, not URL-encoded, and writes `Etag`. */
function fromBackfill({ Items: items }: z.infer<typeof BACKFILL_EVENT>): ParsedMessage {
  const events = items
    .filter(({ Key: key }) => !key.endsWith('/'))
    .map(({ Key: key, Etag: eTag, ETag: otherTag, Size: sizeBytes }) => ({
      kind: 'created' as const,
      key,
      eTag: bare(eTag ?? otherTag ?? ''),
      ...(sizeBytes !== undefined && { sizeBytes }),
    }));
  return { messageId: 'backfill', events };
}

/** The events of one message, or what is wrong with it. */
function safeParseBody(body: string, bucket: string): PictureEvent[] | string {
  const json = safeParseJson(body);
  const parsed = S3_EVENT.safeParse(json);
  if (!parsed.success) return 'expected an S3 event';
  if (!('Records' in parsed.data)) return [];
  const events: PictureEvent[] = [];
  for (const record of parsed.data.Records) {
    if (record.s3.bucket.name !== bucket) return `expected an event of the bucket ${bucket}`;
    const kind = kindOf(record.eventName);
    if (kind === null) return `expected ObjectCreated or ObjectRemoved, received ${record.eventName.slice(0, 60)}`;
    const key = decodeKey(record.s3.object.key);
    if (key === null) return 'expected a URL-encoded key';
    const { size, eTag = '', sequencer } = record.s3.object;
    // What S3's console writes for an empty folder.
    if (key.endsWith('/')) continue;
    events.push({
      kind,
      key,
      eTag: bare(eTag),
      ...(size !== undefined && { sizeBytes: size }),
      ...(sequencer !== undefined && { sequencer }),
    });
  }
  return events;
}

/** S3 writes `ObjectCreated:Put`, some of its stand-ins `s3:ObjectCreated:Put`. */
function kindOf(eventName: string): PictureEvent['kind'] | null {
  const name = eventName.replace(/^s3:/, '');
  if (name.startsWith('ObjectCreated:')) return 'created';
  return name.startsWith('ObjectRemoved:') ? 'removed' : null;
}

/** Keys in events are URL-encoded, with a plus for a space. */
function decodeKey(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

function bare(eTag: string): string {
  return eTag.replaceAll('"', '');
}

function safeParseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
