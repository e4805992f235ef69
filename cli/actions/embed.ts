import { openBackboneLazily } from '../../shared/backbone/open-backbone.ts';
import { embedDataset } from '../../shared/workflow/embed-dataset.ts';
import type { EmbedFlags } from '../commands/embed.ts';
import { interruptSignal } from '../interrupt.ts';
import { backboneFromFlags, threadOptions, workspaceFromFlags } from '../options/open-from-flags.ts';
import { describeSkipped } from '../terminal/describe-skipped.ts';
import { EmbedProgressBar } from '../terminal/embed-progress.ts';
import { formatPlural } from '../terminal/format.ts';
import { printJson, printLines } from '../terminal/output.ts';

export async function embed(photos: string, flags: EmbedFlags): Promise<void> {
  const workspace = await workspaceFromFlags(photos, flags);
  const installed = await backboneFromFlags(flags);
  const backbone = openBackboneLazily(installed, { pooling: flags.pooling, ...threadOptions(flags) });
  const bar = new EmbedProgressBar();
  try {
    const embedded = await embedDataset(workspace, backbone, { signal: interruptSignal(), onProgress: bar.update });
    const { listing, index, report, skipped } = embedded;
    bar.finish(report);
    const { embedded: embeddedCount, reused, removed, durationMs } = report;
    if (flags.json) {
      const labels = listing.labels.length;
      printJson({
        pictures: index.size,
        labels,
        embedded: embeddedCount,
        reused,
        removed,
        skipped,
        durationMs,
        backbone: installed.id,
      });
    } else {
      printLines(
        `${formatPlural(index.size, 'picture')} of ${formatPlural(listing.labels.length, 'label')} have a vector (${installed.id})`,
        ...[...listing.warnings, ...index.warnings].map((warning) => `warning: ${warning}`),
        ...describeSkipped(skipped),
      );
    }
  } finally {
    bar.clear();
    await backbone.close();
  }
}
