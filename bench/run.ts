/**
 * `npm run bench [-- names] [--full]`: every hot path beside a peer or its limit, in one table. BENCH_ROUNDS sets the number of rounds. Each
 * benchmark runs in a process of its own, so that none inherits another's memory or threads.
 */
import { fork } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import type { Bench, BenchOptions, BenchResult } from './support/bench.ts';
import { formatBenchTable } from './support/bench-table.ts';

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  head: async () => (await import('./head.ts')).benchHead,
  backbone: async () => (await import('./backbone.ts')).benchBackbone,
  flatten: async () => (await import('./flatten.ts')).benchFlatten,
  embed: async () => (await import('./embed.ts')).benchEmbed,
  shards: async () => (await import('./shards.ts')).benchShards,
  sweep: async () => (await import('./sweep.ts')).benchSweep,
  predict: async () => (await import('./predict.ts')).benchPredict,
  start: async () => (await import('./start.ts')).benchStart,
  growth: async () => (await import('./growth.ts')).benchGrowth,
  scale: async () => (await import('./scale.ts')).benchScale,
};
const DEFAULT_ROUNDS = 5;

const [, , ...args] = process.argv;
const options: BenchOptions = {
  rounds: Number(process.env.BENCH_ROUNDS ?? DEFAULT_ROUNDS),
  isFull: args.includes('--full'),
};
const wanted = args.filter((arg) => arg !== '--full');

if (process.send === undefined) await runAll();
else await runOne(wanted[0] ?? '');

async function runAll(): Promise<void> {
  const names = wanted.length === 0 ? Object.keys(BENCHES) : wanted;
  const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
  if (unknown.length > 0) {
    console.error(`expected ${Object.keys(BENCHES).join(', ')} or --full, received ${unknown.join(', ')}`);
    process.exit(2);
  }
  const results: BenchResult[] = [];
  for (const name of names) {
    console.error(`measuring ${name} ...`);
    results.push(await inOwnProcess(name));
  }
  console.log(formatBenchTable(results.flatMap(({ rows }) => rows)));
  const [cpu] = cpus();
  const machine = `${availableParallelism()} processors (${cpu?.model ?? 'unknown'}), Node ${process.version}, ${options.rounds} rounds`;
  console.log(['', ...[machine, ...results.flatMap(({ notes }) => notes)].map((note) => `- ${note}`)].join('\n'));
}

async function runOne(name: string): Promise<void> {
  const result = await (await BENCHES[name]?.())?.(options);
  process.send?.(result, () => {
    process.exit(0);
  });
}

function inOwnProcess(name: string): Promise<BenchResult> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, [name, ...(options.isFull ? ['--full'] : [])]);
    let result: BenchResult | null = null;
    child.on('message', (message) => {
      result = message as BenchResult;
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (result === null) reject(new Error(`expected figures from the benchmark ${name}, it ended with ${code}`));
      else resolve(result);
    });
  });
}
