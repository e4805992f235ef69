import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../shared/errors.ts';
import { deploymentNames, deploymentOfBucket } from '../../shared/deployment/deployment-names.ts';
import { settingsFromContext } from '../../infra/settings-from-context.ts';
import { DEFAULT_SETTINGS } from '../../infra/team-settings.ts';
import { SETTING_RULES, validateSettings } from '../../infra/validate-settings.ts';

function problemsOf(settings: Record<string, unknown>): string[] {
  try {
    validateSettings(settings);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.message.split('\n').slice(1);
    throw error;
  }
  return [];
}

describe('validateSettings', () => {
  it('applies the defaults, and lets the team win over them', () => {
    expect(validateSettings({ team: 'vision' })).toEqual({ ...DEFAULT_SETTINGS, team: 'vision' });
    expect(validateSettings({ team: 'vision', auth: 'iam', embedMemoryMb: 1769 }).embedMemoryMb).toBe(1769);
  });

  it('names every setting that does not hold, each in one line', () => {
    const wrong = { team: 'Vision!', account: '12', embedMemoryMb: 12, removal: 'maybe', colour: 'red' };
    expect(problemsOf(wrong)).toEqual([
      'expected lower-case letters, digits and single dashes, at most 20 for team, received "Vision!" (string); give one, as in -c team=vision',
      'expected an account number of 12 digits for account, received "12" (string); see: aws sts get-caller-identity',
      'expected a whole number of megabytes from 1769 to 10240 for embedMemoryMb, received 12 (number); write it in digits',
      'expected one of retain, destroy for removal, received "maybe" (string); choose one of them',
      `expected one of ${Object.keys(SETTING_RULES).join(', ')}, received the setting colour; correct its name`,
    ]);
  });

  it.each(Object.keys(SETTING_RULES))('refuses a symbol for %s', (name) => {
    expect(problemsOf({ team: 'vision', [name]: Symbol.iterator })[0]).toContain(` for ${name}, received`);
  });

  it('refuses settings that mean nothing alone', () => {
    expect(problemsOf({ team: 'a', jwtIssuer: 'https://a.example' })[0]).toContain('add -c auth=jwt');
    expect(problemsOf({ team: 'a', auth: 'jwt' })).toHaveLength(2);
    expect(problemsOf({ team: 'a', monthlyBudgetUsd: 5 })[0]).toContain('alarmEmail');
    expect(problemsOf({ team: 'a', trainSchedule: 'rate(1 day)' })[0]).toContain('together');
  });
});

describe('settingsFromContext', () => {
  it('reads numbers, lists and tags from text, and leaves what it cannot read to be named', () => {
    const context: Record<string, unknown> = {
      team: 'vision',
      embedMemoryMb: '1769',
      monthlyBudgetUsd: 'much',
      trainDatasets: 'a, b',
      tags: 'owner=ann,cost=a=b',
    };
    expect(settingsFromContext((name) => context[name])).toEqual({
      team: 'vision',
      embedMemoryMb: 1769,
      monthlyBudgetUsd: 'much',
      trainDatasets: ['a', 'b'],
      tags: { owner: 'ann', cost: 'a=b' },
    });
  });
});

describe('deploymentOfBucket', () => {
  it.each(['vision', 'team-1-eu', 'a'])('finds team %s again from the name of its bucket', (team) => {
    const place = { team, account: '123456789012', region: 'ap-southeast-2' };
    expect(deploymentOfBucket(deploymentNames(place).bucket)).toEqual(place);
    expect(deploymentNames(place).bucket.length).toBeLessThanOrEqual(63);
  });

  it('returns null for a bucket of somebody else', () => {
    expect(deploymentOfBucket('my-pictures')).toBeNull();
  });
});
