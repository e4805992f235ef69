import { formatSpread, type Measurement, ratiosOf } from './measure.ts';

export interface RatioTable {
  readonly title: string;
  /** Of a rate: `pictures/s`, `MB/s`. */
  readonly unit: string;
  readonly measurements: readonly Measurement[];
  /** What the ratios are to. */
  readonly reference: string;
  /** Smallest ratio that is wanted, by name of the variant. */
  readonly targets?: Readonly<Record<string, number>>;
}

/** A Markdown table: rate and ratio of each variant as median (smallest-largest). */
export function formatRatioTable({ title, unit, measurements, reference, targets = {} }: RatioTable): string {
  const base = measurements.find(({ name }) => name === reference);
  if (base === undefined) throw new Error(`expected "${reference}" among the measurements`);
  const lines = measurements.map((measured) => {
    const target = targets[measured.name];
    const cells = [
      measured.name,
      formatSpread(measured.rates, 1),
      formatSpread(ratiosOf(measured, base)),
      target === undefined ? '' : `>= ${target}`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [`## ${title}`, '', `| what | ${unit} | ratio to ${reference} | target |`, '|---|---|---|---|', ...lines].join(
    '\n',
  );
}
