/** Where the stacks of the tests are. */
export const TEST_PLACE = { team: 'test', account: '123456789012', region: 'eu-central-1' } as const;

/** Any S3 server of the tests takes these. */
export const TEST_CREDENTIALS = { accessKeyId: 'testkey', secretAccessKey: 'testsecretkey' } as const;
