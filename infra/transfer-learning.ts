import { Aws, CfnOutput, Duration, Tags, Token } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { InstalledBackbone } from '../shared/backbone/backbone.ts';
import { deploymentNames, type DeploymentNames } from '../shared/deployment/deployment-names.ts';
import { backboneFolderOf, fitsInAsset } from './bundling/bundle-functions.ts';
import { functionsCode } from './bundling/functions-asset.ts';
import { BackfillWorkflow } from './parts/backfill-workflow.ts';
import { addBudget, TEAM_TAG } from './parts/budget.ts';
import { bucketStatements, type BucketRights } from './parts/bucket-rights.ts';
import { addDatasetBucket, notifyQueue, PREFIXES } from './parts/dataset-bucket.ts';
import { Monitoring } from './parts/monitoring.ts';
import { addPictureQueue, type PictureQueue } from './parts/picture-queue.ts';
import { addPredictionApi, apiAddress, type PredictionApi } from './parts/prediction-api.ts';
import { TeamFunction, type TeamFunctionProps } from './parts/team-function.ts';
import { addTrainSchedule } from './parts/train-schedule.ts';
import { TrainingWorkflow } from './parts/training-workflow.ts';
import type { ResolvedSettings } from './team-settings.ts';

/** Of embed-images: 100 pictures take about 5 seconds; the rest is for slow reads and a cold start. */
const EMBED_TIMEOUT = Duration.minutes(2);
/** The most that Lambda gives. train-head stores a checkpoint before it is over. */
const TRAIN_TIMEOUT = Duration.minutes(15);
/** As long as API Gateway waits. */
const PREDICT_TIMEOUT = Duration.seconds(29);
/** Events in one invocation, and how long the first of them waits for the others: one shard for up to 100 pictures. */
const EMBED_BATCH = 100;
const EMBED_WINDOW = Duration.seconds(20);
const BACKBONE_ROOM_MB = 1024;

export interface TransferLearningProps {
  readonly settings: ResolvedSettings;
  /** From the local backbone home. */
  readonly backbone: InstalledBackbone;
}

type FunctionExtras = Omit<TeamFunctionProps, 'code' | 'environment' | 'logRetentionDays' | 'statements'> & {
  readonly rights: BucketRights;
};

/** All that a team needs: a bucket that embeds what is put into it, trains on request or by schedule, and answers over HTTP. */
export class TransferLearning extends Construct {
  readonly names: DeploymentNames;
  readonly bucket: Bucket;
  readonly pictures: PictureQueue;
  readonly embedImages: TeamFunction;
  readonly trainHead: TeamFunction;
  readonly predictImage: TeamFunction;
  readonly training: TrainingWorkflow;
  readonly backfill: BackfillWorkflow;
  readonly api: PredictionApi;
  readonly monitoring: Monitoring;
  readonly #settings: ResolvedSettings;
  readonly #addFunction: (id: string, extras: FunctionExtras) => TeamFunction;

  constructor(scope: Construct, id: string, { settings, backbone }: TransferLearningProps) {
    super(scope, id);
    const { team, logRetentionDays } = settings;
    this.#settings = settings;
    this.names = deploymentNames({ team, account: Aws.ACCOUNT_ID, region: Aws.REGION });
    this.bucket = addDatasetBucket(this, this.names.bucket, settings.removal);
    this.#addFunction = this.#functionFactory(backbone);
    this.pictures = this.#addPictures();
    this.embedImages = this.#addEmbedImages();
    this.trainHead = this.#addTrainHead();
    this.predictImage = this.#addPredictImage();
    this.training = new TrainingWorkflow(this, 'Training', {
      stateMachineName: this.names.trainStateMachine,
      queue: this.pictures.queue,
      trainFunction: this.trainHead.function,
      logRetentionDays,
    });
    this.backfill = new BackfillWorkflow(this, 'Backfill', {
      stateMachineName: this.names.backfillStateMachine,
      bucket: this.bucket,
      embedFunction: this.embedImages.function,
      concurrency: settings.embedConcurrency,
      logRetentionDays,
    });
    this.api = addPredictionApi(this, this.names.stack, this.predictImage.function, settings);
    this.monitoring = this.#addMonitoring();
    this.#addWishes();
    this.#addOutputs();
  }

  #addPictures(): PictureQueue {
    const pictures = addPictureQueue(this, {
      queueName: this.names.queue,
      deadLetterQueueName: this.names.deadLetterQueue,
      bucketName: this.names.bucket,
      functionTimeout: EMBED_TIMEOUT,
    });
    notifyQueue(this.bucket, pictures.queue.queueArn);
    // S3 tries the notification when the bucket is made: the queue must accept it by then.
    if (pictures.policy !== null) this.bucket.node.addDependency(pictures.policy);
    return pictures;
  }

  #addEmbedImages(): TeamFunction {
    const embed = this.#addFunction('EmbedImages', {
      folder: 'embed-images',
      functionName: this.names.embedFunction,
      description: 'Turns new pictures into vectors',
      memoryMb: this.#settings.embedMemoryMb,
      timeout: EMBED_TIMEOUT,
      rights: {
        read: [PREFIXES.datasets],
        write: [PREFIXES.features, PREFIXES.rejects],
        remove: [PREFIXES.rejects],
        list: [PREFIXES.datasets],
      },
    });
    embed.function.addEventSource(
      new SqsEventSource(this.pictures.queue, {
        batchSize: EMBED_BATCH,
        maxBatchingWindow: EMBED_WINDOW,
        maxConcurrency: this.#settings.embedConcurrency,
        reportBatchItemFailures: true,
      }),
    );
    return embed;
  }

  #addTrainHead(): TeamFunction {
    const { datasets, features, models, checkpoints, rejects } = PREFIXES;
    return this.#addFunction('TrainHead', {
      folder: 'train-head',
      functionName: this.names.trainFunction,
      description: 'Trains, measures and promotes a model on the stored vectors',
      memoryMb: this.#settings.trainMemoryMb,
      timeout: TRAIN_TIMEOUT,
      rights: {
        // Of the pictures only the worst mistakes are read, for the report.
        read: [datasets, features, models, checkpoints, rejects],
        write: [features, models, checkpoints],
        remove: [features, checkpoints],
        abort: [features, models, checkpoints],
        list: [datasets, features, models, checkpoints, rejects],
      },
    });
  }

  #addPredictImage(): TeamFunction {
    const { predictMemoryMb: memoryMb, predictConcurrency } = this.#settings;
    return this.#addFunction('PredictImage', {
      folder: 'predict-image',
      functionName: this.names.predictFunction,
      description: 'Answers with the labels of a picture',
      memoryMb,
      timeout: PREDICT_TIMEOUT,
      ...(predictConcurrency !== undefined && { reservedConcurrency: predictConcurrency }),
      rights: {
        read: [PREFIXES.models, PREFIXES.uploads],
        // Through presigned addresses, which have the rights of who signed them.
        write: [PREFIXES.uploads],
        list: [PREFIXES.models, PREFIXES.uploads],
      },
    });
  }

  /** What the functions have in common: the asset, the backbone, the bucket. */
  #functionFactory(backbone: InstalledBackbone): (id: string, extras: FunctionExtras) => TeamFunction {
    const code = functionsCode(backbone);
    const graph = fitsInAsset(backbone) ? null : new Asset(this, 'Backbone', { path: backbone.modelPath });
    const environment = {
      HEADSTART_BUCKET: this.names.bucket,
      HEADSTART_BACKBONE: backboneFolderOf(backbone),
      HEADSTART_POOLING: this.#settings.pooling,
      ...(graph !== null && {
        HEADSTART_BACKBONE_BUCKET: graph.s3BucketName,
        HEADSTART_BACKBONE_KEY: graph.s3ObjectKey,
      }),
    };
    const readGraph = graph === null ? [] : [readObject(graph)];
    return (id, { rights, ...extras }) =>
      new TeamFunction(this, id, {
        ...extras,
        code,
        environment,
        logRetentionDays: this.#settings.logRetentionDays,
        statements: [...bucketStatements(this.bucket, rights), ...readGraph.map((make) => make())],
        ...(graph !== null && { temporaryMb: BACKBONE_ROOM_MB }),
      });
  }

  #addMonitoring(): Monitoring {
    const { alarmEmail } = this.#settings;
    return new Monitoring(this, 'Monitoring', {
      name: this.names.stack,
      functions: {
        'embed-images': this.embedImages,
        'train-head': this.trainHead,
        'predict-image': this.predictImage,
      },
      queue: this.pictures,
      stateMachines: { training: this.training.stateMachine, backfill: this.backfill.stateMachine },
      api: this.api.api,
      ...(alarmEmail !== undefined && { email: alarmEmail }),
    });
  }

  /** What is only there when the team asked for it. */
  #addWishes(): void {
    const { team, tags = {}, monthlyBudgetUsd, alarmEmail, trainSchedule, trainDatasets } = this.#settings;
    for (const [name, value] of Object.entries({ ...tags, [TEAM_TAG]: team })) Tags.of(this).add(name, value);
    if (monthlyBudgetUsd !== undefined && alarmEmail !== undefined) {
      addBudget(this, { name: this.names.stack, team, monthlyUsd: monthlyBudgetUsd, email: alarmEmail });
    }
    if (trainSchedule !== undefined && trainDatasets !== undefined) {
      addTrainSchedule(this, this.training.stateMachine, trainSchedule, trainDatasets);
    }
  }

  #addOutputs(): void {
    const outputs = {
      BucketName: this.names.bucket,
      ApiAddress: apiAddress(this.api.api),
      TrainStateMachine: this.training.stateMachine.stateMachineArn,
      BackfillStateMachine: this.backfill.stateMachine.stateMachineArn,
      AlarmTopic: this.monitoring.topic.topicArn,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value: Token.asString(value) });
  }
}

function readObject({ bucket, s3ObjectKey }: Asset): () => PolicyStatement {
  return () =>
    new PolicyStatement({
      sid: 'ReadBackbone',
      actions: ['s3:GetObject'],
      resources: [bucket.arnForObjects(s3ObjectKey)],
    });
}
