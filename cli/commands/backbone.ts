import { Option, type Command } from 'commander';
import { PRECISIONS, type Precision } from '../../shared/backbone/backbone.ts';
import { LAYOUTS, NORMALISATIONS, type Layout, type NormalisationName } from '../../shared/image/normalisation.ts';
import { addJsonFlag, type OutputFlags } from '../options/common-options.ts';

interface PrecisionFlags {
  readonly precision?: Precision;
  readonly calibrate?: string;
}

export interface PullFlags extends OutputFlags, PrecisionFlags {
  readonly mirror?: string;
  readonly file?: string;
}

export interface ImportFlags extends OutputFlags, PrecisionFlags {
  readonly name: string;
  readonly normalise: NormalisationName;
  readonly input?: string;
  readonly layout?: Layout;
  readonly features?: string;
  readonly embedding?: string;
  readonly licence?: string;
}

export interface VerifyFlags extends OutputFlags {
  readonly precision?: Precision;
}

const load = () => import('../actions/backbone.ts');

const EXAMPLES = `
Examples:
  headstart backbone list
  headstart backbone pull resnet50
  headstart backbone pull resnet50 --file ~/Downloads/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5
  headstart backbone import my.onnx --name my-net --normalise torch
  headstart backbone import my.onnx --name my-net --normalise torch --precision int8 --calibrate ./photos
`;

export function addBackboneCommands(program: Command): void {
  const backbone = program
    .command('backbone')
    .summary('frozen feature extractors: list, pull, import, verify')
    .description('A backbone turns a picture into a vector. Vectors of two backbones never mix.')
    .addHelpText('after', EXAMPLES);

  addJsonFlag(backbone.command('list').description('what is known and what is installed')).action(
    async (flags: OutputFlags) => {
      await (await load()).listBackbones(flags);
    },
  );
  addPull(backbone);
  addImport(backbone);
  addJsonFlag(
    backbone
      .command('verify')
      .description('check the file of an installed backbone and run it once')
      .argument('<name>')
      .addOption(new Option('--precision <kind>').choices(PRECISIONS)),
  ).action(async (name: string, flags: VerifyFlags) => {
    await (await load()).verifyInstalled(name, flags);
  });
}

function addPull(backbone: Command): void {
  const command = backbone
    .command('pull')
    .description('download the weights, check their hash, and install them')
    .argument('<name>', 'as `backbone list` shows it')
    .option('--mirror <url>', 'folder that serves the same file (also HEADSTART_MIRROR)')
    .option('--file <path>', 'take the weights from this file instead');
  addPrecisionFlags(addJsonFlag(command)).action(async (name: string, flags: PullFlags) => {
    await (await load()).pull(name, flags);
  });
}

function addImport(backbone: Command): void {
  const command = backbone
    .command('import')
    .description('install an ONNX file, ResNet50 weights, a TF.js graph or a Teachable Machine export as a backbone')
    .argument('<file>', 'model.onnx, weights.h5, model.safetensors, or the model.json of a TF.js export')
    .requiredOption('--name <name>', 'to call it by')
    .addOption(
      new Option('--normalise <how>', 'how its input is scaled')
        .choices(Object.keys(NORMALISATIONS))
        .makeOptionMandatory(),
    )
    .option('--input <name>', 'of the input tensor (default: the only one)')
    .addOption(new Option('--layout <layout>', 'of the input (default: seen from its shape)').choices(LAYOUTS))
    .option('--features <name>', 'of the output with the feature map')
    .option('--embedding <name>', 'of the output with the pooled vector')
    .option('--licence <text>', 'of the weights, as it shall stand in reports');
  addPrecisionFlags(addJsonFlag(command)).action(async (file: string, flags: ImportFlags) => {
    await (await load()).importFile(file, flags);
  });
}

function addPrecisionFlags(command: Command): Command {
  return command
    .addOption(new Option('--precision <kind>', 'to install it in (default: float32)').choices(PRECISIONS))
    .option('--calibrate <photos>', 'folder of your own pictures, for --precision int8');
}
