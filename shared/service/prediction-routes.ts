/** The routes of the prediction service, once: the HTTP API, the handler and the OpenAPI document are made from them. */
export const PREDICTION_ROUTES = [
  { method: 'POST', path: '/datasets/{dataset}/predictions', operation: 'predict' },
  { method: 'POST', path: '/datasets/{dataset}/uploads', operation: 'createUpload' },
  { method: 'GET', path: '/datasets', operation: 'listDatasets' },
  { method: 'GET', path: '/datasets/{dataset}/versions', operation: 'listVersions' },
  { method: 'GET', path: '/health', operation: 'readHealth' },
  { method: 'GET', path: '/openapi.json', operation: 'readOpenApi' },
] as const;

export type PredictionOperation = (typeof PREDICTION_ROUTES)[number]['operation'];
