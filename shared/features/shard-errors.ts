import { DamagedFileError, HeadstartError, messageOf } from '../errors.ts';

/** A shard that is there but is not used: the user is told, and it stays where it is. */
export class RefusedShardError extends DamagedFileError {
  readonly shardKey: string;

  constructor(shardKey: string, cause: unknown) {
    super(`the shard "${shardKey}" is not used: ${messageOf(cause)}; its pictures are embedded again`, { cause });
    this.shardKey = shardKey;
  }
}

/** Written by a later release. Not skipped, because that would embed every picture again. */
export class NewerShardError extends DamagedFileError {
  constructor(shardKey: string, version: string) {
    super(
      `expected shard format 1 in "${shardKey}", received ${version}; install the headstart that wrote it, or a later one`,
    );
  }
}

/** The shard was there when the folder was listed and is gone now. */
export class ShardGoneError extends HeadstartError {
  constructor(shardKey: string) {
    super('shard_gone', `expected the shard "${shardKey}", but a compaction has merged it into another; run again`);
  }
}
