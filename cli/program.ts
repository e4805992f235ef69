import { Command } from 'commander';
import { headstartVersion } from '../shared/version.ts';
import { addBackfillCommand } from './commands/backfill.ts';
import { addBackboneCommands } from './commands/backbone.ts';
import { addCostCommand } from './commands/cost.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addEmbedCommand } from './commands/embed.ts';
import { addEvaluateCommand } from './commands/evaluate.ts';
import { addExportCommand } from './commands/export.ts';
import { addModelsCommands } from './commands/models.ts';
import { addPredictCommand } from './commands/predict.ts';
import { addStatusCommand } from './commands/status.ts';
import { addTrainCommand } from './commands/train.ts';
import { addUploadCommand } from './commands/upload.ts';
import { addVerifyCommand } from './commands/verify.ts';

const EXIT_CODE_HELP = `
Exit codes:
  0 done   1 defect of ours   2 input to correct   3 not found   4 stored file damaged   5 refused   130 Ctrl-C
`;

/** All commands. Each loads its work only when it runs, so that \`--help\` starts at once. */
export function buildProgram(): Command {
  const program = new Command('headstart')
    .description('Transfer learning for image classification: a folder of pictures in, a measured classifier out.')
    .version(headstartVersion())
    .showHelpAfterError('(add --help for the flags and examples)')
    .addHelpText('after', EXIT_CODE_HELP)
    .exitOverride();
  addDemoCommand(program);
  addTrainCommand(program);
  addPredictCommand(program);
  addEvaluateCommand(program);
  addEmbedCommand(program);
  addModelsCommands(program);
  addExportCommand(program);
  addUploadCommand(program);
  addVerifyCommand(program);
  addBackboneCommands(program);
  addStatusCommand(program);
  addBackfillCommand(program);
  addCostCommand(program);
  return program;
}
