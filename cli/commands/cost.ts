import type { Command } from 'commander';
import { addJsonFlag, type OutputFlags } from '../options/common-options.ts';
import { finiteNumber } from '../options/number-option.ts';

export interface CostFlags extends OutputFlags {
  readonly pictures: number;
  readonly predictions: number;
  readonly storedGb: number;
  readonly pictureMs: number;
}

export function addCostCommand(program: Command): void {
  const command = program
    .command('cost')
    .summary('what a stack in your AWS account costs a month')
    .description('Estimates a month in AWS from one dated table of list prices: idle, embedding, predictions, storage.')
    .option('--pictures <n>', 'new pictures to embed', finiteNumber, 0)
    .option('--predictions <n>', 'predictions by HTTP', finiteNumber, 0)
    .option('--stored-gb <n>', 'pictures, vectors and models in the bucket', finiteNumber, 0)
    .option(
      '--picture-ms <n>',
      'time of one picture; ResNet50 takes 43 ms on two processors, with decoding about 60',
      finiteNumber,
      60,
    )
    .addHelpText('after', '\nExample:\n  headstart cost --pictures 13500 --predictions 1000000 --stored-gb 10');
  addJsonFlag(command).action(async (flags: CostFlags) => {
    const { cost } = await import('../actions/cost.ts');
    cost(flags);
  });
}
