import type { Pooling, Precision } from '../shared/backbone/backbone.ts';

export const AUTH_MODES = ['iam', 'jwt'] as const;
/** Who may ask for predictions: `iam` signs with AWS credentials, `jwt` carries a token of an identity provider. */
export type AuthMode = (typeof AUTH_MODES)[number];

export const REMOVALS = ['retain', 'destroy'] as const;
/** What becomes of the bucket when the stack is deleted. `destroy` only deletes a bucket that has been emptied. */
export type Removal = (typeof REMOVALS)[number];

/** What a team may decide. Each is a prop of TransferLearning and a context value of the app (`cdk deploy -c team=vision`). */
export interface TeamSettings {
  /** Lower-case letters, digits and single dashes, at most 20: in front of every name and the value of the tag `headstart:team`. */
  readonly team: string;
  /** 12 digits. @default the account of the credentials (`CDK_DEFAULT_ACCOUNT`), else left open */
  readonly account?: string;
  /** @default the region of the credentials (`CDK_DEFAULT_REGION`), else left open */
  readonly region?: string;
  /** @default resnet50 when it is installed, else mobilenet-v2 */
  readonly backbone?: string;
  /** @default the smallest installed of int8-weights, float32, int8 */
  readonly precision?: Precision;
  /** @default 'avg' */
  readonly pooling?: Pooling;
  /** MB, 1769 for each processor. @default 3538 */
  readonly embedMemoryMb?: number;
  /** Functions that embed at the same time, 2 to 1000. @default 10 */
  readonly embedConcurrency?: number;
  /** MB; 10240 holds about a million vectors of 2,048. @default 7076 */
  readonly trainMemoryMb?: number;
  /** MB. @default 1769 */
  readonly predictMemoryMb?: number;
  /** Reserved for predictions, and their upper limit. @default none: the account's common pool */
  readonly predictConcurrency?: number;
  /** @default 'iam' */
  readonly auth?: AuthMode;
  /** `https://...` of the identity provider; needed with `jwt`, and only there. */
  readonly jwtIssuer?: string;
  /** Audiences that a token must name one of; needed with `jwt`, and only there. */
  readonly jwtAudience?: readonly string[];
  /** Where alarms and the budget write to. @default nobody: subscribe to the topic yourself */
  readonly alarmEmail?: string;
  /** US dollars a month; at 80% and at the forecast of 100% an e-mail is sent; needs `alarmEmail`. @default none */
  readonly monthlyBudgetUsd?: number;
  /** Days. @default 30 */
  readonly logRetentionDays?: number;
  /** Datasets that `trainSchedule` trains. @default none */
  readonly trainDatasets?: readonly string[];
  /** A schedule expression of EventBridge, `rate(1 day)` or `cron(0 3 * * ? *)`; needs `trainDatasets`. @default none */
  readonly trainSchedule?: string;
  /** @default 'retain' */
  readonly removal?: Removal;
  /** More tags on everything. @default none */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Settings with every default applied that does not depend on the machine. */
export interface ResolvedSettings extends TeamSettings {
  readonly pooling: Pooling;
  readonly embedMemoryMb: number;
  readonly embedConcurrency: number;
  readonly trainMemoryMb: number;
  readonly predictMemoryMb: number;
  readonly auth: AuthMode;
  readonly logRetentionDays: number;
  readonly removal: Removal;
}

export const DEFAULT_SETTINGS = {
  pooling: 'avg',
  embedMemoryMb: 3538,
  embedConcurrency: 10,
  trainMemoryMb: 7076,
  predictMemoryMb: 1769,
  auth: 'iam',
  logRetentionDays: 30,
  removal: 'retain',
} as const satisfies Partial<TeamSettings>;
