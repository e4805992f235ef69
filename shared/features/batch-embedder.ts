import type { Backbone } from '../backbone/backbone.ts';
import { preparePicture, type PreparedPicture } from '../image/prepare-picture.ts';
import type { EmbeddedPicture, PictureEmbedder } from './picture-embedder.ts';

interface WaitingPicture {
  readonly prepared: PreparedPicture;
  readonly answer: PromiseWithResolvers<EmbeddedPicture>;
}

/**
 * Embeds in this thread, batch by batch: for a function, whose session takes every core it has, and for one core. A batch runs when it is
 * full, or when no further picture is being decoded.
 */
export class BatchEmbedder implements PictureEmbedder {
  readonly #backbone: Backbone;
  readonly #batchSize: number;
  readonly #input: Float32Array;
  readonly #waiting: WaitingPicture[] = [];
  #decoding = 0;
  #isRunning = false;

  constructor(backbone: Backbone, batchSize: number) {
    const { width, height } = backbone.installed.input;
    this.#backbone = backbone;
    this.#batchSize = batchSize;
    this.#input = new Float32Array(batchSize * width * height * 3);
  }

  async embed(bytes: Uint8Array): Promise<EmbeddedPicture> {
    const answer = Promise.withResolvers<EmbeddedPicture>();
    this.#decoding++;
    try {
      const prepared = await preparePicture(bytes, this.#backbone.installed.input);
      this.#waiting.push({ prepared, answer });
    } finally {
      this.#decoding--;
      void this.#runReadyBatches();
    }
    return answer.promise;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** One after the other: they share the input's memory. */
  async #runReadyBatches(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#waiting.length >= this.#batchSize || (this.#waiting.length > 0 && this.#decoding === 0)) {
      await this.#run(this.#waiting.splice(0, this.#batchSize));
    }
    this.#isRunning = false;
  }

  async #run(batch: readonly WaitingPicture[]): Promise<void> {
    const { dimensions } = this.#backbone;
    const valuesEach = this.#input.length / this.#batchSize;
    batch.forEach(({ prepared }, i) => {
      this.#input.set(prepared.values, i * valuesEach);
    });
    try {
      const vectors = await this.#backbone.embed(this.#input.subarray(0, batch.length * valuesEach), batch.length);
      batch.forEach(({ prepared, answer }, i) => {
        const embedding = Float16Array.from(vectors.subarray(i * dimensions, (i + 1) * dimensions));
        answer.resolve({ embedding, original: prepared.original });
      });
    } catch (error) {
      for (const { answer } of batch) answer.reject(error);
    }
  }
}
