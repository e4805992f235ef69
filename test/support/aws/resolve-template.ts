import type { Template } from 'aws-cdk-lib/assertions';
import { TEST_PLACE } from './synthesised-stack.ts';

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::AccountId': TEST_PLACE.account,
  'AWS::Region': TEST_PLACE.region,
  'AWS::Partition': 'aws',
};

/** What CloudFormation would make of the template, for the few intrinsic functions in it. */
export class ResolvedTemplate {
  readonly #resources: Readonly<Record<string, Resource>>;
  readonly #refs: Readonly<Record<string, string>>;

  /** @param refs by `<type>` or logical id: what `Ref` gives, where it is not the resource's name */
  constructor(template: Template, refs: Readonly<Record<string, string>> = {}) {
    this.#resources = (template.toJSON() as { readonly Resources: Record<string, Resource> }).Resources;
    this.#refs = refs;
  }

  /** Properties of the one resource of a type that a name is found in. */
  properties(type: string, name = ''): Readonly<Record<string, unknown>> {
    const found = Object.entries(this.#resources).find(
      ([, resource]) =>
        resource.Type === type && Object.values(resource.Properties).some((value) => this.#text(value).endsWith(name)),
    );
    if (found === undefined) throw new Error(`expected a ${type} called ${name} in the template`);
    return this.resolve(found[1].Properties) as Readonly<Record<string, unknown>>;
  }

  resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.resolve(item));
    if (typeof value !== 'object' || value === null) return value;
    const record: Readonly<Record<string, unknown>> = { ...value };
    if (typeof record.Ref === 'string') return this.#ref(record.Ref);
    const getAtt = record['Fn::GetAtt'] as readonly [string, string] | undefined;
    if (getAtt !== undefined) return this.arnOf(getAtt[0]);
    const join = record['Fn::Join'] as readonly [string, readonly unknown[]] | undefined;
    if (join !== undefined) return join[1].map((item) => this.#text(item)).join(join[0]);
    return Object.fromEntries(Object.entries(record).map(([name, item]) => [name, this.resolve(item)]));
  }

  arnOf(logicalId: string): string {
    const service = { 'AWS::SQS::Queue': 'sqs', 'AWS::Lambda::Function': 'lambda' }[
      this.#resources[logicalId]?.Type ?? ''
    ];
    return `arn:aws:${service ?? 's3'}:${TEST_PLACE.region}:${TEST_PLACE.account}:${this.#nameOf(logicalId)}`;
  }

  #ref(logicalId: string): string {
    const type = this.#resources[logicalId]?.Type ?? '';
    return this.#refs[type] ?? PSEUDO[logicalId] ?? this.#nameOf(logicalId);
  }

  #nameOf(logicalId: string): string {
    const { Properties: properties = {} } = this.#resources[logicalId] ?? {};
    const name = properties.QueueName ?? properties.BucketName ?? properties.FunctionName ?? logicalId;
    return this.#text(name);
  }

  #text(value: unknown): string {
    const resolved = this.resolve(value);
    return typeof resolved === 'string' ? resolved : '';
  }
}
