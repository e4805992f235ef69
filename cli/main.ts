import { CommanderError } from 'commander';
import { EXIT_CODES, exitCodeOf } from './exit-codes.ts';
import { buildProgram } from './program.ts';
import { describeError } from './terminal/describe-error.ts';

async function main(argv: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync([...argv]);
    return Number(process.exitCode ?? EXIT_CODES.ok);
  } catch (error) {
    // Commander has already printed its own usage errors; --help and --version end here too, with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.invalidInput;
    process.stderr.write(`${describeError(error)}\n`);
    return exitCodeOf(error);
  }
}

// `headstart models list | head` closes the pipe early, which is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_CODES.ok);
  throw error;
});

process.exitCode = await main(process.argv);
