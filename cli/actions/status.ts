import { deploymentOfBucket } from '../../shared/deployment/deployment-names.ts';
import { messageOf } from '../../shared/errors.ts';
import { isS3Location, parseS3Location } from '../../shared/storage/s3-location.ts';
import { datasetStatus } from '../../shared/workflow/dataset-status.ts';
import { queueDepths, type QueueDepths } from '../aws/queue-depths.ts';
import type { StatusFlags } from '../commands/status.ts';
import { backboneFromFlags, workspaceFromFlags } from '../options/open-from-flags.ts';
import { formatPlural } from '../terminal/format.ts';
import { printJson, printLines } from '../terminal/output.ts';

export async function status(photos: string, flags: StatusFlags): Promise<void> {
  const workspace = await workspaceFromFlags(photos, flags);
  const installed = await backboneFromFlags(flags);
  const found = await datasetStatus(workspace, installed, flags.pooling);
  const queue = await queueOf(photos);
  if (flags.json) {
    printJson({ ...found, backbone: installed.id, ...(queue !== null && { queue }) });
    return;
  }
  printLines(
    `${formatPlural(found.pictures, 'picture')} of ${formatPlural(found.labels, 'label')} in ${found.dataset}`,
    `embedded  ${found.embedded} (${installed.id})`,
    `waiting   ${found.waiting}`,
    ...(queue === null ? [] : [`queue     ${describeQueue(queue)}`]),
    `refused   ${found.rejected}`,
    `current   ${found.currentVersion ?? 'no model yet'}`,
  );
}

type Queue = QueueDepths | { readonly unknown: string };

/** Null where no stack works the pictures off. */
async function queueOf(photos: string): Promise<Queue | null> {
  const place = isS3Location(photos) ? deploymentOfBucket(parseS3Location(photos).bucket) : null;
  if (place === null) return null;
  // A user may read the bucket and not the queue; the rest is worth telling then.
  return queueDepths(place).catch((error: unknown) => ({ unknown: messageOf(error) }));
}

function describeQueue(queue: Queue): string {
  if ('unknown' in queue) return `not read: ${queue.unknown}`;
  const { waiting, inFlight, deadLetters } = queue;
  const given = deadLetters === 0 ? '' : `; ${formatPlural(deadLetters, 'message')} given up, see docs/operations.md`;
  return `${formatPlural(waiting, 'message')} of all datasets waiting, ${inFlight} being worked on${given}`;
}
