import type { Command } from 'commander';
import { addJsonFlag, addThreadsFlag, type OutputFlags } from '../options/common-options.ts';

export interface VerifyBundleFlags extends OutputFlags {
  readonly threads?: number;
}

export function addVerifyCommand(program: Command): void {
  const command = program
    .command('verify')
    .summary('check an exported model on this machine')
    .description(
      'Checks every file of an export against its hash, lets the exported model answer the golden pictures, and prints the largest ' +
        'difference from the probabilities that were exported. Fails when it is above the tolerance.',
    )
    .argument('<bundle>', 'the folder that `export --out` wrote')
    .addHelpText('after', '\nExample:\n  headstart verify ./flowers-model');
  addJsonFlag(addThreadsFlag(command)).action(async (bundle: string, flags: VerifyBundleFlags) => {
    const { verify } = await import('../actions/verify.ts');
    await verify(bundle, flags);
  });
}
