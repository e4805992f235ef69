import { InvalidInputError } from '../errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws InvalidInputError when the variable is missing or empty */
export function textVariable(name: string, environment: Environment = process.env): string {
  const value = environment[name];
  if (value !== undefined && value !== '') return value;
  throw new InvalidInputError(
    `expected the environment variable ${name}, received ${value === undefined ? 'none' : 'an empty one'}; set it`,
    { code: 'missing_variable' },
  );
}

/** Null when the variable is missing or empty. */
export function optionalVariable(name: string, environment: Environment = process.env): string | null {
  const value = environment[name];
  return value === undefined || value === '' ? null : value;
}

/** A number of 0 or more. @throws InvalidInputError when the variable is not one; missing or empty gives the default */
export function numberVariable(name: string, byDefault: number, environment: Environment = process.env): number {
  const text = optionalVariable(name, environment);
  if (text === null) return byDefault;
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidInputError(
    `expected a number for the environment variable ${name}, received ${JSON.stringify(text)}; correct it`,
    { code: 'invalid_variable' },
  );
}

/** One of a closed set. @throws InvalidInputError for any other; missing or empty gives the default */
export function choiceVariable<T extends string>(
  name: string,
  allowed: readonly T[],
  byDefault: T,
  environment: Environment = process.env,
): T {
  const text = optionalVariable(name, environment);
  if (text === null) return byDefault;
  const chosen = allowed.find((one) => one === text);
  if (chosen !== undefined) return chosen;
  throw new InvalidInputError(
    `expected one of ${allowed.join(', ')} for the environment variable ${name}, received ${JSON.stringify(text)}; correct it`,
    { code: 'invalid_variable' },
  );
}
