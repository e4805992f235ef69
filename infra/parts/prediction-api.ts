import { Aws } from 'aws-cdk-lib';
import {
  HttpApi,
  HttpMethod,
  LogGroupLogDestination,
  PayloadFormatVersion,
  type IHttpRouteAuthorizer,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { HeadstartError } from '../../shared/errors.ts';
import { PREDICTION_ROUTES } from '../../shared/service/prediction-routes.ts';
import type { ResolvedSettings } from '../team-settings.ts';
import { addLogGroup } from './log-group.ts';

/** Keeps one caller from using up the functions of the account; a team with more asks for more (docs/operations.md). */
const REQUESTS_PER_SECOND = 100;
const BURST_REQUESTS = 200;

export interface PredictionApi {
  readonly api: HttpApi;
  readonly accessLog: LogGroup;
}

/** The HTTP API in front of predict-image. No route is open: `iam` or `jwt` stands before all of them. */
export function addPredictionApi(
  scope: Construct,
  name: string,
  handler: LambdaFunction,
  settings: ResolvedSettings,
): PredictionApi {
  const api = new HttpApi(scope, 'Api', {
    apiName: name,
    description: 'asks the served models of Headstart',
    createDefaultStage: false,
    defaultAuthorizer: authorizerOf(settings),
  });
  const integration = new HttpLambdaIntegration('Predict', handler, {
    payloadFormatVersion: PayloadFormatVersion.VERSION_2_0,
  });
  for (const { method, path } of PREDICTION_ROUTES) api.addRoutes({ path, methods: [HttpMethod[method]], integration });
  const accessLog = addLogGroup(scope, 'ApiLog', `/aws/apigateway/${name}`, settings.logRetentionDays);
  api.addStage('Stage', {
    stageName: '$default',
    autoDeploy: true,
    throttle: { rateLimit: REQUESTS_PER_SECOND, burstLimit: BURST_REQUESTS },
    accessLogSettings: {
      destination: new LogGroupLogDestination(accessLog),
      // No query string and no header: they could carry what is not ours to keep.
      format: AccessLogFormat.custom(
        JSON.stringify({
          requestId: '$context.requestId',
          time: '$context.requestTimeEpoch',
          route: '$context.routeKey',
          status: '$context.status',
          latencyMs: '$context.responseLatency',
          sizeBytes: '$context.responseLength',
          error: '$context.error.message',
        }),
      ),
    },
  });
  return { api, accessLog };
}

function authorizerOf({ auth, jwtIssuer, jwtAudience }: ResolvedSettings): IHttpRouteAuthorizer {
  if (auth === 'iam') return new HttpIamAuthorizer();
  if (jwtIssuer === undefined || jwtAudience === undefined) {
    throw new HeadstartError(
      'invalid_settings',
      'expected jwtIssuer and jwtAudience with auth jwt; validateSettings asks for them',
    );
  }
  return new HttpJwtAuthorizer('Jwt', jwtIssuer, { jwtAudience: [...jwtAudience] });
}

/** `https://...`, which every region has. */
export function apiAddress(api: HttpApi): string {
  return `https://${api.apiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}`;
}
