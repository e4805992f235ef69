import type { Command } from 'commander';

export interface DemoFlags {
  readonly folder: string;
}

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .summary('the main job on pictures that are already here')
    .description(
      'Writes sport pictograms of several artists into a folder, trains on some artists, measures on one that was never seen, and predicts two pictures. A second run reuses the vectors.',
    )
    .option('--folder <folder>', 'where the pictures and the model go', 'demo')
    .addHelpText('after', '\nExample:\n  headstart demo')
    .action(async (flags: DemoFlags) => {
      const { demo } = await import('../actions/demo.ts');
      await demo(flags);
    });
}
