import { POOLINGS, PRECISIONS } from '../shared/backbone/backbone.ts';
import { MAX_TEAM_LENGTH, TEAM_PATTERN } from '../shared/deployment/deployment-names.ts';
import { InvalidInputError } from '../shared/errors.ts';
import { AUTH_MODES, DEFAULT_SETTINGS, REMOVALS, type ResolvedSettings, type TeamSettings } from './team-settings.ts';

/** What CloudWatch Logs accepts. */
export const LOG_RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653] as const;

/** What a setting must be, in words, and the test of it. A setting that is left out is not tested. */
interface Rule {
  readonly expected: string;
  readonly advice: string;
  readonly isValid: (value: unknown) => boolean;
}

const text = (pattern: RegExp, expected: string, advice: string): Rule => ({
  expected,
  advice,
  isValid: (value) => typeof value === 'string' && pattern.test(value),
});

const integer = (low: number, high: number, unit: string): Rule => ({
  expected: `a whole number of ${unit} from ${low} to ${high}`,
  advice: 'write it in digits',
  isValid: (value) => typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high,
});

const oneOf = (allowed: readonly (string | number)[]): Rule => ({
  expected: `one of ${allowed.join(', ')}`,
  advice: 'choose one of them',
  isValid: (value) => allowed.some((one) => one === value),
});

const texts = (pattern: RegExp, expected: string, advice: string): Rule => ({
  expected,
  advice,
  isValid: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && pattern.test(item)),
});

/** Below 1769 MB a function has less than one processor, above 10240 MB AWS has none. */
const memory = (low: number): Rule => integer(low, 10_240, 'megabytes');

export const SETTING_RULES: { readonly [Name in keyof Required<TeamSettings>]: Rule } = {
  team: {
    expected: `lower-case letters, digits and single dashes, at most ${MAX_TEAM_LENGTH}`,
    advice: 'give one, as in -c team=vision',
    isValid: (value) => typeof value === 'string' && value.length <= MAX_TEAM_LENGTH && TEAM_PATTERN.test(value),
  },
  account: text(/^\d{12}$/, 'an account number of 12 digits', 'see: aws sts get-caller-identity'),
  region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region such as eu-central-1', 'see: aws ec2 describe-regions'),
  backbone: text(/^[a-z0-9][a-z0-9-]*$/, 'the name of a backbone', 'see: headstart backbone list'),
  precision: oneOf(PRECISIONS),
  pooling: oneOf(POOLINGS),
  embedMemoryMb: memory(1769),
  embedConcurrency: integer(2, 1000, 'functions'),
  trainMemoryMb: memory(1769),
  predictMemoryMb: memory(1024),
  predictConcurrency: integer(1, 1000, 'functions'),
  auth: oneOf(AUTH_MODES),
  jwtIssuer: text(/^https:\/\/\S+$/, 'an https address', 'copy the "issuer" of your identity provider'),
  jwtAudience: texts(/\S/, 'one audience or more', 'separate them by commas'),
  alarmEmail: text(/^[^@\s]+@[^@\s]+\.[^@\s]+$/, 'an e-mail address', 'give one that is read'),
  monthlyBudgetUsd: {
    expected: 'a number of US dollars above 0',
    advice: 'write it in digits',
    isValid: (value) => typeof value === 'number' && Number.isFinite(value) && value > 0,
  },
  logRetentionDays: oneOf(LOG_RETENTION_DAYS),
  trainDatasets: texts(/^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u, 'names of datasets', 'separate them by commas'),
  trainSchedule: text(/^(rate|cron)\(.+\)$/, 'rate(...) or cron(...)', 'write rate(1 day) or cron(0 3 * * ? *)'),
  removal: oneOf(REMOVALS),
  tags: {
    expected: 'tags as name=value',
    advice: 'write -c tags=cost-center=42,owner=ann',
    isValid: (value) =>
      typeof value === 'object' && value !== null && Object.values(value).every((tag) => typeof tag === 'string'),
  },
};

const SETTING_NAMES = Object.keys(SETTING_RULES) as (keyof TeamSettings)[];

/**
 * Tests every setting and applies the defaults.
 *
 * @throws InvalidInputError (`invalid_settings`) with one line for each setting that does not hold
 */
export function validateSettings(settings: Readonly<Record<string, unknown>>): ResolvedSettings {
  const problems = [...wrongValues(settings), ...unknownNames(settings), ...missingPartners(settings)];
  if (!areSettings(settings, problems)) {
    throw new InvalidInputError(`${problems.length} settings cannot be used:\n${problems.join('\n')}`, {
      code: 'invalid_settings',
    });
  }
  return { ...DEFAULT_SETTINGS, ...settings };
}

type Tested = Readonly<Record<string, unknown>> & TeamSettings;

/** What has no problem has the types that the rules ask for. */
function areSettings(_settings: Readonly<Record<string, unknown>>, problems: readonly string[]): _settings is Tested {
  return problems.length === 0;
}

function wrongValues(settings: Readonly<Record<string, unknown>>): string[] {
  return SETTING_NAMES.filter((name) => settings[name] !== undefined || name === 'team')
    .filter((name) => !SETTING_RULES[name].isValid(settings[name]))
    .map((name) => {
      const { expected, advice } = SETTING_RULES[name];
      return `expected ${expected} for ${name}, received ${describe(settings[name])}; ${advice}`;
    });
}

function unknownNames(settings: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(settings)
    .filter((name) => !SETTING_NAMES.some((known) => known === name))
    .map((name) => `expected one of ${SETTING_NAMES.join(', ')}, received the setting ${name}; correct its name`);
}

/** Settings that mean nothing without another one: they are refused rather than ignored. */
function missingPartners(settings: Readonly<Record<string, unknown>>): string[] {
  const has = (name: keyof TeamSettings): boolean => settings[name] !== undefined;
  const isJwt = settings.auth === 'jwt';
  const problems: string[] = [];
  for (const name of ['jwtIssuer', 'jwtAudience'] as const) {
    if (isJwt && !has(name)) problems.push(`expected ${name} with auth jwt, received none; give it`);
    if (!isJwt && has(name)) problems.push(`expected auth jwt with ${name}, received another; add -c auth=jwt`);
  }
  if (has('monthlyBudgetUsd') && !has('alarmEmail')) {
    problems.push('expected alarmEmail with monthlyBudgetUsd, received none; a budget has to write to somebody');
  }
  if (has('trainSchedule') !== has('trainDatasets')) {
    problems.push('expected trainSchedule and trainDatasets together, received one of them; give the other');
  }
  return problems;
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  return `${JSON.stringify(value)} (${Array.isArray(value) ? 'list' : typeof value})`;
}
