import { z } from 'zod';
import { InvalidInputError } from '../../shared/errors.ts';
import { HYPERPARAMETER_CONSTRAINTS } from '../../shared/head/hyperparameters.ts';
import { CLASS_WEIGHTS, type HeadHyperparameters } from '../../shared/head/head.ts';

const hyperparameters = z
  .strictObject({
    ...(Object.fromEntries(
      Object.keys(HYPERPARAMETER_CONSTRAINTS).map((name) => [name, z.number().optional()] as const),
    ) as Record<keyof typeof HYPERPARAMETER_CONSTRAINTS, z.ZodOptional<z.ZodNumber>>),
    classWeights: z.enum(CLASS_WEIGHTS).optional(),
  })
  .default({});

const dataset = z.string().min(1);
const version = z.string().min(1);

const STEP = z.discriminatedUnion('step', [
  z.strictObject({ step: z.literal('compact'), dataset }),
  z.strictObject({ step: z.literal('train'), dataset, hyperparameters, checkpoint: z.string().nullish() }),
  z.strictObject({ step: z.literal('evaluate'), dataset, version }),
  z.strictObject({ step: z.literal('promote'), dataset, version, expected: z.string().nullable() }),
]);

/** One step of the training workflow: the input of the function. */
export type TrainStep = z.infer<typeof STEP>;
export type GivenHyperparameters = Partial<HeadHyperparameters>;

/** @throws InvalidInputError (`invalid_step`) naming every field that does not fit */
export function parseStep(event: unknown): TrainStep {
  const parsed = STEP.safeParse(event);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .map(({ path, message }) => `${path.join('.') || 'event'}: ${message}`)
    .join('; ');
  throw new InvalidInputError(
    `expected {"step": "compact" | "train" | "evaluate" | "promote", "dataset": "<name>", ...}: ${problems}`,
    { code: 'invalid_step' },
  );
}
