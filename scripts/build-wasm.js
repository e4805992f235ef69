// `npm run build:wasm`: writes shared/image/resize-simd.ts from resize-simd.wat. A test holds the two together.
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const folder = new URL('../shared/image/', import.meta.url);

/** @param {string} text WebAssembly text @returns {Promise<string>} base64 of the module */
export async function compileWat(text) {
  const { parseWat } = await wabt();
  const module = parseWat('resize-simd.wat', text, { simd: true });
  try {
    module.validate();
    return Buffer.from(module.toBinary({}).buffer).toString('base64');
  } finally {
    module.destroy();
  }
}

if (import.meta.main) {
  const base64 = await compileWat(readFileSync(new URL('resize-simd.wat', folder), 'utf8'));
  const lines = (base64.match(/.{1,120}/g) ?? []).map((line) => `  '${line}'`).join(' +\n');
  writeFileSync(
    new URL('resize-simd.ts', folder),
    `/** The module of resize-simd.wat, base64. Made by \`npm run build:wasm\`. */\nexport const RESIZE_SIMD =\n${lines};\n`,
  );
}
