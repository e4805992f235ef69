import { HeadstartError, messageOf } from '../errors.ts';

export type LogLevel = 'info' | 'warning' | 'error';
type Field = string | number | boolean | null | readonly string[];

/** Keys come from outside and may be long or hostile: a line of the log keeps the start of each. */
const MAX_TEXT = 300;
/** What a presigned address, and so a message that quotes one, carries. */
const SECRET_PARAMETER = /([?&](?:X-Amz-[A-Za-z-]+|AWSAccessKeyId|Signature)=)[^&\s"]*/g;

/** One JSON object a line, which CloudWatch Logs Insights takes apart by itself. Never pass the content of a picture or a body. */
export function log(level: LogLevel, message: string, fields: Readonly<Record<string, Field>> = {}): void {
  const line = { level, time: new Date().toISOString(), message, ...fields };
  process.stdout.write(`${JSON.stringify(line, (_, value: unknown) => shortened(value))}\n`);
}

/** Code and message of anything that was thrown; the stack only of what is no error of ours. */
export function errorFields(error: unknown): Record<string, string> {
  if (error instanceof HeadstartError) return { code: error.code, reason: error.message };
  const name = error instanceof Error ? error.name : typeof error;
  return { code: name, reason: messageOf(error), stack: error instanceof Error ? (error.stack ?? '') : '' };
}

function shortened(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.replaceAll(SECRET_PARAMETER, '$1…');
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
