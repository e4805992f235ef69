import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** A Chromium of this machine: `CHROMIUM_PATH`, else one on the path or in its usual place; null when there is none. */
export const chromiumPath: string | null = findChromium();

/** For titles: why a test that needs it does not run. */
export const NEEDS_CHROMIUM = 'needs Chromium: install it, or set CHROMIUM_PATH';

/** @throws when there is none, or when `CHROMIUM_PATH` names something that does not start */
export async function launchChromium(): Promise<Browser> {
  if (chromiumPath === null) throw new Error(NEEDS_CHROMIUM);
  // Inside a container as root Chromium cannot make its sandbox; the pages are our own.
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

function findChromium(): string | null {
  const named = process.env.CHROMIUM_PATH;
  // A wrong variable must be seen, not skipped.
  if (named !== undefined && named !== '') return named;
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/snap/bin'].filter(
    (folder) => folder !== '',
  );
  const candidates = [...folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name))), ...PLACES];
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
