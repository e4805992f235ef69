const STORING = 'stopping: storing what is finished (press Ctrl-C again to stop at once)';

/**
 * A signal that aborts at the first Ctrl-C (or SIGTERM): work in progress is stored and the command ends with code 130. A second
 * Ctrl-C ends the process at once.
 *
 * @param said at the first Ctrl-C
 */
export function interruptSignal(said = STORING): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write(`\n${said}\n`);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}
