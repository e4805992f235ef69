import { homedir } from 'node:os';
import path from 'node:path';

/**
 * Folder that holds `backbones/` and partial downloads: `HEADSTART_HOME`, else `headstart` in the user's cache folder
 * (`XDG_CACHE_HOME`, else `~/.cache`).
 */
export function backboneHome(environment: NodeJS.ProcessEnv = process.env): string {
  const own = environment.HEADSTART_HOME;
  if (own !== undefined && own !== '') return path.resolve(own);
  const cache = environment.XDG_CACHE_HOME;
  return path.join(cache !== undefined && cache !== '' ? cache : path.join(homedir(), '.cache'), 'headstart');
}
