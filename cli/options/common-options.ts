import { Option, type Command } from 'commander';
import { POOLINGS, PRECISIONS, type Pooling, type Precision } from '../../shared/backbone/backbone.ts';
import { integerBetween } from './number-option.ts';

/** Flags that mean the same wherever they stand. */
export interface WorkspaceFlags {
  readonly store?: string;
}

export interface OutputFlags {
  readonly json?: true;
}

export interface BackboneFlags {
  readonly backbone?: string;
  readonly precision?: Precision;
  readonly pooling: Pooling;
  readonly threads?: number;
}

export const PHOTOS_ARGUMENT = '<photos>';
export const PHOTOS_HELP = 'folder with one folder of pictures for each label, or s3://bucket/dataset';

const MAX_THREADS = 256;

export function addWorkspaceFlags(command: Command): Command {
  return command.option(
    '--store <folder>',
    'where vectors and models are kept: a folder or s3://bucket (default: .headstart in the pictures folder)',
  );
}

export function addJsonFlag(command: Command): Command {
  return command.option('--json', 'print one JSON document on standard output instead of text');
}

export function addThreadsFlag(command: Command): Command {
  return command.option('--threads <n>', 'processors to compute with (default: all)', integerBetween(1, MAX_THREADS));
}

export function addBackboneFlags(command: Command): Command {
  const flags = command
    .option('--backbone <name>', 'frozen feature extractor (default: resnet50 if installed, else mobilenet-v2)')
    .addOption(new Option('--precision <kind>', 'of the backbone (default: the installed one)').choices(PRECISIONS))
    .addOption(new Option('--pooling <kind>', 'of the feature map').choices(POOLINGS).default('avg'));
  return addThreadsFlag(flags);
}
