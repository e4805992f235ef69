import { homedir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { backboneHome } from '../../../shared/backbone/backbone-home.ts';

describe('backboneHome', () => {
  it('is HEADSTART_HOME, as an absolute path', () => {
    expect(backboneHome({ HEADSTART_HOME: '/data/weights', XDG_CACHE_HOME: '/cache' })).toBe('/data/weights');
    expect(backboneHome({ HEADSTART_HOME: 'weights' })).toBe(path.resolve('weights'));
  });

  it('is in the cache folder of the user without it', () => {
    expect(backboneHome({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/headstart');
    expect(backboneHome({})).toBe(path.join(homedir(), '.cache', 'headstart'));
  });

  it('takes empty variables as none', () => {
    expect(backboneHome({ HEADSTART_HOME: '', XDG_CACHE_HOME: '' })).toBe(path.join(homedir(), '.cache', 'headstart'));
  });
});
