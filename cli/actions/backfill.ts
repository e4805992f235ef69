import { deploymentNames, deploymentOfBucket } from '../../shared/deployment/deployment-names.ts';
import { InvalidInputError } from '../../shared/errors.ts';
import { parseS3Location } from '../../shared/storage/s3-location.ts';
import { assertDatasetName } from '../../shared/workflow/bucket-workspace.ts';
import { Workflow } from '../aws/workflow.ts';
import type { OutputFlags } from '../options/common-options.ts';
import { printJson, printLines } from '../terminal/output.ts';

/** @throws InvalidInputError for a bucket that no stack made; NotFoundError when the stack is gone */
export async function backfill(target: string, { json }: OutputFlags): Promise<void> {
  const { bucket, prefix: dataset } = parseS3Location(target);
  const place = deploymentOfBucket(bucket);
  if (place === null) {
    throw new InvalidInputError(
      `expected the bucket of a team's stack, headstart-<team>-<account>-<region>, received "${bucket}"; ` +
        'see the output BucketName of cdk deploy, or run: headstart embed',
      { code: 'invalid_location' },
    );
  }
  assertDatasetName(dataset);
  const workflow = new Workflow(place, deploymentNames(place).backfillStateMachine);
  const executionArn = await workflow.start({ dataset }, `embed on this computer: headstart embed ${target}`);
  if (json) printJson({ dataset, executionArn });
  else {
    printLines(
      `started: every picture of "${dataset}" is embedded in batches; see how far it is: headstart status ${target}`,
      `execution: ${executionArn}`,
    );
  }
}
