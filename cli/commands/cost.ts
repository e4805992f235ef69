import type { Command } from 'commander';
import {
  addBackboneFlags,
  addJsonFlag,
  addWorkspaceFlags,
  type BackboneFlags,
  type OutputFlags,
  type WorkspaceFlags,
} from '../options/common-options.ts';
import { finiteNumber } from '../options/number-option.ts';

export interface CostFlags extends OutputFlags, WorkspaceFlags, BackboneFlags {
  readonly pictures: number;
  readonly predictions: number;
  readonly storedGb: number;
  readonly pictureMs: number;
}

export function addCostCommand(program: Command): void {
  const command = program
    .command('cost')
    .summary('what a stack in your AWS account costs a month, or a dataset so far')
    .description(
      'Estimates from one dated table of list prices: a month of a stack (idle, embedding, predictions, storage), or what a dataset of a bucket has cost so far and costs next.',
    )
    .argument('[dataset]', 's3://bucket/dataset, whose vectors and versions are counted')
    .option('--pictures <n>', 'new pictures to embed', finiteNumber, 0)
    .option('--predictions <n>', 'predictions by HTTP', finiteNumber, 0)
    .option('--stored-gb <n>', 'pictures, vectors and models in the bucket', finiteNumber, 0)
    .option(
      '--picture-ms <n>',
      'time of one picture; ResNet50 takes 43 ms on two processors, with decoding about 60',
      finiteNumber,
      60,
    )
    .addHelpText(
      'after',
      '\nExamples:\n  headstart cost --pictures 13500 --predictions 1000000 --stored-gb 10\n  headstart cost s3://headstart-vision-123456789012-eu-central-1/flowers',
    );
  addJsonFlag(addWorkspaceFlags(addBackboneFlags(command))).action(
    async (target: string | undefined, flags: CostFlags) => {
      const { cost } = await import('../actions/cost.ts');
      await cost(target, flags);
    },
  );
}
