import { formatCount, formatDuration, formatRate } from './format.ts';

/** Where progress is written: standard error, so that results on standard output stay clean. */
export interface ProgressTarget {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  /** What is being done, as `embedding`. */
  readonly title: string;
  /** What is counted, in the plural, as `pictures`. */
  readonly unit: string;
  /** @default process.stderr */
  readonly target?: ProgressTarget;
  /** Milliseconds. @default performance.now */
  readonly now?: () => number;
}

const BAR_CELLS = 24;
const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5000;

/**
 * Progress of a counted piece of work: one line that is redrawn on a terminal, a plain line every five seconds elsewhere.
 * The rate is that of the whole run, so that the time left does not jump.
 */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #target: ProgressTarget;
  readonly #now: () => number;
  readonly #startMs: number;
  #lastWriteMs: number;
  #isDrawn = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#target = options.target ?? process.stderr;
    this.#now = options.now ?? (() => performance.now());
    this.#startMs = this.#now();
    this.#lastWriteMs = this.#target.isTTY === true ? -Infinity : this.#startMs;
  }

  /** @param note more to say, as `12 reused` */
  update(done: number, total: number, note = ''): void {
    const nowMs = this.#now();
    if (nowMs - this.#lastWriteMs < (this.#target.isTTY === true ? REDRAW_MS : PLAIN_LINE_MS)) return;
    this.#lastWriteMs = nowMs;
    const facts = this.#facts(done, total, nowMs, note);
    if (this.#target.isTTY === true) this.#redraw(`${this.#options.title} ${bar(done / Math.max(1, total))} ${facts}`);
    else this.#target.write(`${this.#options.title}: ${facts}\n`);
  }

  /** Removes the bar and leaves one line that stays. */
  finish(summary: string): void {
    this.clear();
    this.#target.write(`${summary}\n`);
  }

  clear(): void {
    if (!this.#isDrawn) return;
    this.#target.write('\r\u001B[2K');
    this.#isDrawn = false;
  }

  #facts(done: number, total: number, nowMs: number, note: string): string {
    const perSecond = (done / Math.max(1, nowMs - this.#startMs)) * 1000;
    const left = done > 0 ? `${formatDuration(((total - done) / perSecond) * 1000)} left` : '';
    const counted = `${formatCount(done)} of ${formatCount(total)} ${this.#options.unit}`;
    return [counted, done > 0 ? `${formatRate(perSecond)}/s` : '', left, note].filter((part) => part !== '').join(', ');
  }

  #redraw(line: string): void {
    const width = (this.#target.columns ?? 80) - 1;
    this.#target.write(`\r\u001B[2K${line.slice(0, width)}`);
    this.#isDrawn = true;
  }
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR_CELLS);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}`;
}
