import type { FunctionName } from '../../../infra/bundling/bundle-functions.ts';
import { LambdaRuntime } from './lambda-runtime.ts';
import type { ResolvedTemplate } from './resolve-template.ts';
import { TEST_CREDENTIALS, TEST_PLACE } from './test-account.ts';

export { TEST_CREDENTIALS };

export interface FunctionOverrides {
  readonly timeoutMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts one function of the stack as Lambda would: with the memory, handler and environment of the template, and nothing else. */
export async function deployFunction(
  template: ResolvedTemplate,
  asset: string,
  name: FunctionName,
  endpoint: string,
  overrides: FunctionOverrides = {},
): Promise<LambdaRuntime> {
  const properties = template.properties('AWS::Lambda::Function', name);
  const { Variables: variables } = properties.Environment as { readonly Variables: Readonly<Record<string, string>> };
  return LambdaRuntime.start({
    asset,
    handler: String(properties.Handler),
    memoryMb: Number(properties.MemorySize),
    timeoutMs: overrides.timeoutMs ?? Number(properties.Timeout) * 1000,
    environment: {
      ...variables,
      ...overrides.environment,
      AWS_REGION: TEST_PLACE.region,
      AWS_ACCESS_KEY_ID: TEST_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: TEST_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_S3: endpoint,
    },
  });
}
