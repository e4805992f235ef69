/**
 * Names of what a team has in its AWS account. They are fixed, so that the command line finds everything from the name of the bucket alone, without
 * the right to read stacks.
 */
export interface DeploymentNames {
  readonly stack: string;
  readonly bucket: string;
  readonly queue: string;
  readonly deadLetterQueue: string;
  readonly embedFunction: string;
  readonly trainFunction: string;
  readonly predictFunction: string;
  readonly trainStateMachine: string;
  readonly backfillStateMachine: string;
}

export interface DeploymentPlace {
  readonly team: string;
  /** 12 digits. */
  readonly account: string;
  readonly region: string;
}

/** Leaves room for account and region in the 63 characters of a bucket's name. */
export const MAX_TEAM_LENGTH = 20;
export const TEAM_PATTERN = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

const BUCKET_PATTERN = /^headstart-([a-z0-9-]+?)-(\d{12})-([a-z]{2}(?:-[a-z]+)+-\d)$/;

export function deploymentNames({ team, account, region }: DeploymentPlace): DeploymentNames {
  const prefix = `headstart-${team}`;
  return {
    stack: prefix,
    bucket: `${prefix}-${account}-${region}`,
    queue: `${prefix}-pictures`,
    deadLetterQueue: `${prefix}-pictures-dead`,
    embedFunction: `${prefix}-embed-images`,
    trainFunction: `${prefix}-train-head`,
    predictFunction: `${prefix}-predict-image`,
    trainStateMachine: `${prefix}-train`,
    backfillStateMachine: `${prefix}-backfill`,
  };
}

/** Which deployment a bucket belongs to; null when it does not have a name of ours. */
export function deploymentOfBucket(bucket: string): DeploymentPlace | null {
  const [, team, account, region] = BUCKET_PATTERN.exec(bucket) ?? [];
  return team === undefined || account === undefined || region === undefined ? null : { team, account, region };
}
