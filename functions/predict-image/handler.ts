import { POOLINGS } from '../../shared/backbone/backbone.ts';
import { openBackbone } from '../../shared/backbone/open-backbone.ts';
import { threadsForMemory } from '../../shared/onnx/session.ts';
import { choiceVariable, numberVariable, textVariable } from '../../shared/service/environment.ts';
import { functionBackbone, graphFromBucket } from '../../shared/service/function-backbone.ts';
import { log } from '../../shared/service/log.ts';
import { memoise } from '../../shared/service/memoise.ts';
import { PREDICTION_ROUTES } from '../../shared/service/prediction-routes.ts';
import { ServedHeads } from '../../shared/service/served-heads.ts';
import { openBucket, signingClient } from '../../shared/storage/s3-open-bucket.ts';
import { errorResponse, requestError } from './http-error.ts';
import { jsonResponse, parseHttpEvent, type HttpRequest, type HttpResponse } from './http-event.ts';
import { OPERATIONS, type Service } from './routes.ts';

const bucket = textVariable('HEADSTART_BUCKET');
const client = signingClient();
const threads = threadsForMemory(numberVariable('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', 1769));

/** One backbone session serves the heads of every dataset; begun while Lambda still gives the start its full speed. */
const service = memoise(async (): Promise<Service> => {
  const installed = await functionBackbone({
    root: textVariable('LAMBDA_TASK_ROOT'),
    folder: textVariable('HEADSTART_BACKBONE'),
    ...graphFromBucket(openBucket),
  });
  const pooling = choiceVariable('HEADSTART_POOLING', POOLINGS, 'avg');
  const backbone = await openBackbone(installed, { threads, pooling });
  const store = openBucket(bucket);
  return { bucket, client, store, backbone, heads: new ServedHeads(store, backbone) };
});
void service().catch(() => undefined);

/** Answers one request of the HTTP API. Never throws for a mistake of the caller. */
export async function handler(event: unknown): Promise<HttpResponse> {
  const startMs = performance.now();
  const request = parseHttpEvent(event);
  try {
    const response = await answer(request);
    log('info', 'request answered', {
      requestId: request.requestId,
      route: request.route,
      status: response.statusCode,
      durationMs: Math.round(performance.now() - startMs),
    });
    return response;
  } catch (error) {
    return errorResponse(error, request.requestId, request.route);
  }
}

async function answer(request: HttpRequest): Promise<HttpResponse> {
  const route = PREDICTION_ROUTES.find(({ method, path }) => `${method} ${path}` === request.route);
  if (route === undefined) throw requestError('route_not_found', 'expected one of the routes in /openapi.json');
  const { status, content } = await OPERATIONS[route.operation](await service(), request);
  return jsonResponse(status, content);
}
