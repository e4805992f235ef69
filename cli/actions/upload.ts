import { openFolder } from '../../shared/storage/open-folder.ts';
import { parseS3Location } from '../../shared/storage/s3-location.ts';
import { isHidden, uploadFolder } from '../../shared/transfer/upload-folder.ts';
import { openWorkspace } from '../../shared/workflow/workspace.ts';
import type { UploadFlags } from '../commands/upload.ts';
import { interruptSignal } from '../interrupt.ts';
import { formatBytes, formatPlural } from '../terminal/format.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { Progress } from '../terminal/progress.ts';

export async function upload(photos: string, target: string, { concurrency, json }: UploadFlags): Promise<void> {
  parseS3Location(target);
  const source = await openFolder(photos);
  const { pictures, picturesPrefix } = await openWorkspace(target);
  let total = 0;
  for await (const { key } of source.list('')) total += isHidden(key) ? 0 : 1;
  const bar = new Progress({ title: 'uploading', unit: 'files' });
  try {
    const result = await uploadFolder(source, pictures, {
      prefix: picturesPrefix,
      concurrency,
      signal: interruptSignal(),
      onProgress: ({ uploaded, unchanged }) => {
        bar.update(uploaded + unchanged, total, `${unchanged} unchanged`);
      },
    });
    if (json) printJson(result);
    else {
      const { uploaded, unchanged, uploadedBytes } = result;
      printLines(`${formatPlural(uploaded, 'file')} sent (${formatBytes(uploadedBytes)}), ${unchanged} unchanged`);
    }
  } finally {
    bar.clear();
  }
}
