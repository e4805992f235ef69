import { describe, expect, it } from 'vitest';
import { choiceVariable, numberVariable, optionalVariable, textVariable } from '../../../shared/service/environment.ts';

describe('environment variables', () => {
  it('are given as they are when they are right', () => {
    expect(textVariable('A', { A: 'x' })).toBe('x');
    expect(optionalVariable('A', { A: 'x' })).toBe('x');
    expect(numberVariable('A', 5, { A: '1769' })).toBe(1769);
    expect(choiceVariable('A', ['x', 'y'], 'y', { A: 'x' })).toBe('x');
  });

  it.each([[{}], [{ A: '' }]])('have a default, or are asked for, when they are missing or empty', (environment) => {
    expect(() => textVariable('A', environment)).toThrow('expected the environment variable A');
    expect(optionalVariable('A', environment)).toBeNull();
    expect(numberVariable('A', 5, environment)).toBe(5);
    expect(choiceVariable('A', ['x', 'y'], 'y', environment)).toBe('y');
  });

  it.each(['abc', ' ', '-1', 'Infinity', '1e999'])('throw when %j is no number of 0 or more', (value) => {
    expect(() => numberVariable('A', 5, { A: value })).toThrow('expected a number');
  });

  it('throw for what is not one of a closed set', () => {
    expect(() => choiceVariable('A', ['x', 'y'], 'y', { A: 'z' })).toThrow('one of x, y');
  });
});
