import type { HeadEngine, HeadEngineName } from './head.ts';

/** Loads an engine when it is asked for, so that the others need not be installed. */
export async function loadHeadEngine(name: HeadEngineName): Promise<HeadEngine> {
  switch (name) {
    case 'onnx':
      return (await import('./onnx-engine.ts')).onnxEngine;
    case 'tfjs':
      return (await import('./tfjs-engine.ts')).loadTfjsEngine();
  }
}
