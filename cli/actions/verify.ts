import { verifyBundle } from '../../shared/export/verify-bundle.ts';
import type { VerifyBundleFlags } from '../commands/verify.ts';
import { threadOptions } from '../options/open-from-flags.ts';
import { describeGolden, formatDifference } from '../terminal/describe-bundle.ts';
import { formatTable } from '../terminal/format.ts';
import { printJson, printLines } from '../terminal/output.ts';

export async function verify(folder: string, flags: VerifyBundleFlags): Promise<void> {
  const bundle = await verifyBundle(folder, threadOptions(flags));
  if (flags.json) {
    printJson(bundle);
    return;
  }
  const rows = bundle.pictures.map(({ file, label, predicted, difference }) => [
    file,
    label ?? 'drawn',
    predicted,
    formatDifference(difference),
  ]);
  printLines(
    formatTable(['picture', 'label', 'answer', 'difference'], rows),
    '',
    `${bundle.facts.model.dataset} ${bundle.facts.model.version}: every file as exported; ${describeGolden(bundle)}`,
  );
}
