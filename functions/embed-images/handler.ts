import { POOLINGS } from '../../shared/backbone/backbone.ts';
import { openBackbone } from '../../shared/backbone/open-backbone.ts';
import { HeadstartError } from '../../shared/errors.ts';
import { applyPictureEvents, type AppliedEvents } from '../../shared/features/apply-picture-events.ts';
import { threadsForMemory } from '../../shared/onnx/session.ts';
import { choiceVariable, numberVariable, textVariable } from '../../shared/service/environment.ts';
import { functionBackbone, graphFromBucket } from '../../shared/service/function-backbone.ts';
import { errorFields, log } from '../../shared/service/log.ts';
import { memoise } from '../../shared/service/memoise.ts';
import { openBucket } from '../../shared/storage/s3-open-bucket.ts';
import { parseEmbedEvent, type ParsedEmbedEvent } from './parse-embed-event.ts';

const bucket = textVariable('HEADSTART_BUCKET');
const store = openBucket(bucket);
const threads = threadsForMemory(numberVariable('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', 1769));

/** Once for each process; begun while Lambda still gives the start its full speed. */
const backbone = memoise(async () => {
  const installed = await functionBackbone({
    root: textVariable('LAMBDA_TASK_ROOT'),
    folder: textVariable('HEADSTART_BACKBONE'),
    ...graphFromBucket(openBucket),
  });
  return openBackbone(installed, { threads, pooling: choiceVariable('HEADSTART_POOLING', POOLINGS, 'avg') });
});
void backbone().catch(() => undefined);

export interface EmbedResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Embeds the pictures that a batch of events tells of. Messages that name a picture which could not be read come again; the others are done. */
export async function handler(event: unknown): Promise<EmbedResponse> {
  const parsed = parseEmbedEvent(event, bucket);
  const events = parsed.messages.flatMap((message) => message.events);
  const applied = await applyPictureEvents({ events, store, backbone: await backbone() });
  report(parsed, applied);
  const failedKeys = new Set(applied.failed.map(({ key }) => key));
  if (parsed.source === 'backfill' && failedKeys.size > 0) {
    throw new HeadstartError(
      'unreadable_pictures',
      `expected to read every picture of the batch, ${failedKeys.size} could not be read; it is tried again`,
    );
  }
  const failed = parsed.messages.filter((message) => message.events.some(({ key }) => failedKeys.has(key)));
  return {
    batchItemFailures: [...failed, ...parsed.malformed].map(({ messageId }) => ({ itemIdentifier: messageId })),
  };
}

/** Keys and codes; never what a picture holds. */
function report({ source, malformed }: ParsedEmbedEvent, applied: AppliedEvents): void {
  for (const { messageId, reason } of malformed)
    log('error', 'malformed event', { code: 'malformed_event', messageId, reason });
  for (const { key, reason } of applied.ignored) log('warning', 'not a picture of a dataset', { code: reason, key });
  for (const { key, reason } of applied.refused) log('warning', 'picture refused', { code: reason, key });
  for (const { key, error } of applied.failed) log('error', 'picture not read', { key, ...errorFields(error) });
  log('info', 'events applied', {
    source,
    embedded: applied.embedded,
    removed: applied.removed,
    refused: applied.refused.length,
    ignored: applied.ignored.length,
    failed: applied.failed.length,
    shards: applied.shardKeys,
  });
}
