/**
 * Pictures a second of the bare graph in full int8 beside float32, by threads and batch: ResNet50 at full width with random weights (speed
 * does not depend on them), and where ../shared is at hand MobileNetV2 on photographs, with the accuracy that int8 costs there.
 */
import { readFile } from 'node:fs/promises';
import { quantiseBackbone } from '../shared/backbone/quantise/quantise-backbone.ts';
import { openSession } from '../shared/onnx/session.ts';
import type { BenchOptions, BenchResult, BenchRow } from './support/bench.ts';
import { measureInterleaved, ratiosOf, type Variant } from './support/measure.ts';
import { comparePrecisions } from './support/precision-accuracy.ts';
import { randomResNet50 } from './support/random-resnet50.ts';

const PICTURE_DIMS = [3, 224, 224] as const;
const PICTURE_VALUES = 3 * 224 * 224;
const CALIBRATION_PICTURES = 4;
const MEASURED_MS = 1500;
const INT8_TARGET = { on: 'ratio', atLeast: 3 } as const;

export async function benchBackbone({ rounds }: BenchOptions): Promise<BenchResult> {
  const float32 = randomResNet50();
  const { model: int8 } = await quantiseBackbone(float32, calibrationNoise(), {
    pictureDims: PICTURE_DIMS,
    threads: 2,
  });
  const table: BenchRow[] = [];
  for (const threads of [1, 2]) {
    for (const batch of [1, 8]) table.push(await benchForward({ float32, int8 }, threads, batch, rounds));
  }
  const accuracy = await comparePrecisions();
  return { rows: [...table, ...accuracy.rows], notes: [await describeInstructions(), ...accuracy.notes] };
}

async function benchForward(
  { float32, int8 }: { readonly float32: Uint8Array; readonly int8: Uint8Array },
  threads: number,
  batch: number,
  rounds: number,
): Promise<BenchRow> {
  const sessions = await Promise.all([openSession(int8, { threads }), openSession(float32, { threads })]);
  const data = noise(batch);
  const variants = sessions.map((session, i): Variant => ({
    name: i === 0 ? 'int8' : 'float32',
    run: async () => {
      const end = performance.now() + MEASURED_MS;
      let count = 0;
      for (; performance.now() < end; count += batch) {
        await session.run({ image: { data, dims: [batch, ...PICTURE_DIMS] } }, ['embedding']);
      }
      return count;
    },
  }));
  const [ours, reference] = await measureInterleaved(variants, rounds);
  await Promise.all(sessions.map((session) => session.release()));
  if (ours === undefined || reference === undefined) throw new Error('expected a measurement');
  return {
    what: `ResNet50 forward in int8, batch ${batch}, ${threads} thread${threads === 1 ? '' : 's'}`,
    ours: ours.rates,
    unit: 'pictures/s',
    beside: 'the same graph in float32',
    ratios: ratiosOf(ours, reference),
    ratioOf: 'speed',
    target: INT8_TARGET,
  };
}

function* calibrationNoise(): Generator<Float32Array> {
  for (let i = 0; i < CALIBRATION_PICTURES; i++) yield noise(1);
}

/** About the range that Keras' preprocessing gives. */
function noise(count: number): Float32Array {
  return Float32Array.from({ length: count * PICTURE_VALUES }, (_, i) => ((i * 7919) % 251) - 115);
}

/** Which of the instructions that decide int8's speed this processor has; Linux only. */
async function describeInstructions(): Promise<string> {
  const flags = /^flags\s*:(.*)$/m.exec(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''))?.[1]?.split(' ') ?? [];
  const known = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'avx512_bf16', 'amx_int8'];
  const present = known.filter((flag) => flags.includes(flag));
  return `int8 rests on VNNI; this processor has: ${present.length === 0 ? 'not known' : present.join(', ')}`;
}
